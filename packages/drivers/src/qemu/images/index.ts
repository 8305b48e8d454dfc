export { createImageBuilder, type ImageBuild, type ImageBuilder, type ImageBuilderOptions, imageFiles } from './image-builder.ts'

import { defineConfig } from 'vitest/config'

const never = ['**/node_modules/**', '**/dist/**', 'build/**', 'target/**']

/** Run TypeScript of the other packages from its source, as `node --conditions=hearth-source` does. */
const conditions = ['hearth-source']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: conditions } } }

/**
 * unit: no process, no socket, a clock turned by hand.
 * real: this computer's QEMU, SQLite, launcher; one file after another, because they share two cores.
 * e2e: the product as a person meets it.
 */
export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['packages/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: [...never, '**/*.real.test.ts', 'test/e2e/**'],
          testTimeout: 20_000,
          hookTimeout: 20_000,
          maxWorkers: '100%',
          // Vitest moves what has order 0 and one worker to the end.
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...shared,
        test: {
          name: 'real',
          include: ['packages/**/*.real.test.ts', 'test/**/*.real.test.ts', 'tools/**/*.real.test.ts', 'bench/**/*.real.test.ts'],
          exclude: [...never, 'test/e2e/**'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: never,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})

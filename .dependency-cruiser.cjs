/**
 * Who may import whom (see docs/architecture.md). Nothing else catches an upward import.
 * `test/layers.test.ts` plants violations and fails when one of these rules stops catching its own.
 */
const part = (...names) => `^packages/(${names.join('|')})/`
const everything = 'cli|conformance|drivers|engine|model|protocol|sdk|server|store'

/** `from` may import no package of ours but itself and `allowed`. */
function only(from, allowed, comment) {
  return {
    name: `${from}-imports`,
    comment,
    severity: 'error',
    from: { path: part(from) },
    to: { path: part(...everything.split('|').filter((name) => name !== from && !allowed.includes(name))) },
  }
}

/** Test files, and what lies in `testing/` for them, may also use the conformance suites. */
const notTests = '\\.test\\.ts$|/testing/'

module.exports = {
  forbidden: [
    { name: 'no-cycles', comment: 'A cycle has no first part to read.', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      comment: 'An import that resolves to nothing escapes every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'model-imports-nothing',
      comment: 'The words and ports depend on nothing; types of Node streams are the only exception.',
      severity: 'error',
      from: { path: '^packages/model/src/', pathNot: notTests },
      to: { pathNot: '^packages/model/src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'model-types-from-node-only',
      comment: 'The model may name types of node:stream and nothing else from outside.',
      severity: 'error',
      from: { path: '^packages/model/src/', pathNot: notTests },
      to: { pathNot: '^(packages/model/src/|(node:)?stream$)' },
    },
    only('conformance', ['model'], 'The suites know the ports, never an implementation.'),
    only('engine', ['model', 'conformance'], 'Drivers and stores are handed to the engine.'),
    only('store', ['model', 'conformance'], 'A store knows the rows, nothing above them.'),
    only('drivers', ['model', 'protocol', 'conformance'], 'A driver meets the rest through its port.'),
    only('protocol', ['model'], 'Schemas and wire know the words, nothing above them.'),
    only('sdk', ['model', 'protocol'], 'The client knows the API, never the server.'),
    only('cli', ['sdk', 'model', 'protocol'], 'The command line is always a client.'),
    only('server', ['engine', 'store', 'drivers', 'protocol', 'model', 'conformance'], 'No server part needs a client.'),
    {
      name: 'conformance-in-tests-only',
      comment: 'The suites are for tests.',
      severity: 'error',
      from: { path: '^packages/', pathNot: ['^packages/conformance/', notTests] },
      to: { path: part('conformance') },
    },
    {
      name: 'clients-import-types-only',
      comment: 'At run time the SDK and the CLI hold no code of the model or the protocol (the browser gets the SDK).',
      severity: 'error',
      from: { path: part('sdk', 'cli'), pathNot: notTests },
      to: { path: part('model', 'protocol'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'drivers-are-strangers',
      comment: 'A driver never imports another driver; what they share lies in folders that are no driver.',
      severity: 'error',
      from: { path: '^packages/drivers/src/(qemu|memory|docker|firecracker|kubevirt|remote)/' },
      to: {
        path: '^packages/drivers/src/(qemu|memory|docker|firecracker|kubevirt|remote)/',
        pathNot: '^packages/drivers/src/$1/',
      },
    },
    {
      name: 'parts-are-put-together-in-main',
      comment: 'Only main files know concrete drivers, stores and the engine together.',
      severity: 'error',
      from: { path: '^packages/server/src/', pathNot: ['(^|/)main\\.ts$', notTests] },
      to: { path: part('drivers', 'store'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'packages-by-name',
      comment: 'Another package is imported by its name, so that its index.ts stays the only door.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'packages-know-no-tools',
      comment: 'What is shipped needs nothing of the workshop.',
      severity: 'error',
      from: { path: '^packages/', pathNot: notTests },
      to: { path: '^(test|tools|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: { conditionNames: ['hearth-source', 'import', 'node', 'default'], exportsFields: ['exports'] },
  },
}

// The direction rule, proved: domain <- drivers, pki <- storage, queue, tenancy <- reconciler <- apps.
const none = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });
module.exports = {
  forbidden: [
    none('no-cycles', {}, { circular: true }, 'A cycle hides which module decides.'),
    none(
      'domain-is-pure',
      { path: '^libs/domain/', pathNot: '\\.spec\\.ts$' },
      { pathNot: '^libs/domain/' },
      'The domain imports nothing from outside, not even Node.',
    ),
    none(
      'drivers-and-pki-know-the-domain-only',
      { path: '^libs/(drivers|pki|platform)/' },
      { path: '^(apps|migrations|libs/(storage|queue|tenancy|reconciler|services))/' },
      'Drivers, pki and platform stand on the domain.',
    ),
    none(
      'pki-and-drivers-apart',
      { path: '^libs/(pki|drivers)/' },
      { path: '^libs/platform/' },
      'Configuration is handed in.',
    ),
    none(
      'storage-queue-tenancy-below-the-reconciler',
      { path: '^libs/(storage|queue|tenancy)/' },
      { path: '^(apps|libs/(reconciler|services|drivers))/' },
      'They serve the reconciler.',
    ),
    none(
      'services-and-reconciler-apart',
      { path: '^libs/(services|reconciler)/' },
      { path: '^libs/(services|reconciler)/', pathNot: '^libs/$1/' },
      'The API writes what is wanted, the reconciler what is; neither calls the other.',
    ),
    none('reconciler-below-apps', { path: '^libs/' }, { path: '^apps/' }, 'No library knows an app.'),
    none(
      'driver-imports-no-other-driver',
      { path: '^libs/drivers/(engines|compute|load-balancers)/([^/]+)/', pathNot: '(registry|\\.spec\\.ts$)' },
      { path: '^libs/drivers/(engines|compute|load-balancers)/[^/]+/', pathNot: '^libs/drivers/$1/$2/' },
      'A driver is one folder.',
    ),
    none(
      'drivers-only-through-the-registry',
      {
        path: '^(apps|libs/(reconciler|services|storage|queue|tenancy))/',
        pathNot: '\\.(int-)?spec\\.ts$|/testing/',
      },
      { path: '^libs/drivers/(engines|compute|load-balancers)/[^/]+/' },
      'Nobody names a driver.',
    ),
    none(
      'nest-stays-in-apps',
      { path: '^libs/', pathNot: '\\.module\\.ts$' },
      { path: 'node_modules/@nestjs/' },
      'Libraries run without Nest.',
    ),
    none(
      'typeorm-stays-in-storage',
      { pathNot: '^(libs/storage|migrations)/' },
      { path: 'node_modules/typeorm/' },
      'Only storage knows SQL.',
    ),
    none(
      'bullmq-stays-in-queue',
      { pathNot: '^(libs/queue|apps/worker)/' },
      { path: 'node_modules/bullmq/' },
      'Only the queue knows BullMQ.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'require', 'node', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};

/** Loaded into each process of a service that is profiled: writes its CPU profile where BENCH_PROFILES says, at its end. */
const { mkdirSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const { Session } = require('node:inspector');

const directory = process.env.BENCH_PROFILES;
const application = /apps\/(\w+)\//.exec(process.argv[1] ?? '')?.[1];
if (directory !== undefined && (application === 'api' || application === 'worker')) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.start');
  process.once('exit', () => {
    session.post('Profiler.stop', (_error, result) => {
      mkdirSync(directory, { recursive: true });
      writeFileSync(
        join(directory, basename(`${application}-${process.pid}.cpuprofile`)),
        JSON.stringify(result.profile),
      );
    });
  });
}

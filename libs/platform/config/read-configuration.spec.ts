import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { BaykeeperError } from '@baykeeper/domain';
import { readConfiguration, type Environment } from './read-configuration.js';
import { renderConfigurationReference } from './render-reference.js';
import { SETTING_KEYS, SETTINGS } from './settings.js';

const ROOT = { uid: 0, home: '/root' };
const SOMEBODY = { uid: 1000, home: '/home/ada' };
const KEY = 'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=';

function refusalOf(environment: Environment): string {
  try {
    readConfiguration(environment, ROOT);
  } catch (error) {
    if (error instanceof BaykeeperError && error.code === 'invalid-input') return error.publicMessage;
    throw error;
  }
  throw new Error('was not refused');
}

describe('readConfiguration', () => {
  it('gives every default when nothing is set', () => {
    const configuration = readConfiguration({ PATH: '/bin' }, ROOT);
    expect({ ...configuration }).toEqual({
      port: 9511,
      bind: '127.0.0.1',
      publicUrl: 'http://127.0.0.1:9511',
      nodePort: 9512,
      workerPort: 0,
      shutdownDelaySeconds: 0,
      otlpEndpoint: null,
      otelEndpoint: null,
      otlpHeaders: null,
      traceRatio: 1,
      nodeUrl: null,
      dataDirectory: '/var/lib/baykeeper',
      imagesDirectory: null,
      artifactsDirectory: null,
      artifactsUrl: null,
      nodeCaFile: null,
      databaseUrl: null,
      redisUrl: null,
      adminPassword: null,
      masterKey: null,
      keystoneUrl: null,
      keystonePublicUrl: null,
      keystoneUser: 'baykeeper',
      keystonePassword: null,
      keystoneProject: 'service',
      keystoneUserDomain: 'Default',
      keystoneProjectDomain: 'Default',
      keystoneCaFile: null,
      keystoneTimeoutSeconds: 5,
      keystoneCacheSeconds: 60,
      adminProject: 'admin',
      adminProjectDomain: 'Default',
      compute: 'auto',
      loadBalancer: 'auto',
      loadBalancerAddresses: null,
      localSubnet: null,
      apiProcesses: 1,
      workerProcesses: 1,
      quotaBays: 20,
      quotaNodes: 1000,
      quotaMasters: 100,
      quotaBaymodels: 1000,
      heapMegabytes: 512,
      workerConcurrency: 16,
      nodeBootTimeoutSeconds: 600,
      nodeLostTimeoutSeconds: 300,
      createTimeoutMinutes: 60,
      driverTimeoutSeconds: 900,
      drainTimeoutSeconds: 120,
      sweepSeconds: 10,
      settledSweepSeconds: 120,
      orphanGraceSeconds: 300,
      loginsPerMinute: 300,
      loginsPerUserPerMinute: 1500,
      requestsPerSecond: 2000,
      corsOrigins: [],
      streamsPerToken: 32,
      streamsPerProject: 256,
      trustedProxies: [],
      tokenHours: 12,
      auditDays: 365,
      logLevel: 'info',
      simulatedLatencyMilliseconds: 500,
      simulatedFailureRate: 0,
      simulatedCapacity: 20000,
      simulatedFaults: null,
    });
    expect(Object.isFrozen(configuration)).toBe(true);
  });

  it('keeps the state of an ordinary user in the home directory', () => {
    expect(readConfiguration({}, SOMEBODY).dataDirectory).toBe('/home/ada/.local/share/baykeeper');
  });

  it('counts an empty value as absent', () => {
    expect(readConfiguration({ BAYKEEPER_PORT: '', DATABASE_URL: ' ' }, ROOT)).toMatchObject({
      port: 9511,
      databaseUrl: null,
    });
  });

  it('derives the public URL from the port, and cuts the trailing slash of a given one', () => {
    expect(readConfiguration({ BAYKEEPER_PORT: '8080' }, ROOT).publicUrl).toBe('http://127.0.0.1:8080');
    expect(readConfiguration({ BAYKEEPER_PUBLIC_URL: 'https://bays.example/' }, ROOT).publicUrl).toBe(
      'https://bays.example',
    );
  });

  it.each(['http://k.example:5000', 'http://k.example:5000/', 'http://k.example:5000/v3', 'http://k.example:5000/v3/'])(
    'takes the version off the URL of a Keystone: %s',
    (url) => {
      const given = { BAYKEEPER_KEYSTONE_URL: url, BAYKEEPER_KEYSTONE_PASSWORD: 'p' };
      expect(readConfiguration(given, ROOT).keystoneUrl).toBe('http://k.example:5000');
    },
  );

  it.each(['http://me:hush@k', 'http://k/?a=b', 'ftp://k', 'k:5000'])('refuses the URL of a Keystone %s', (url) => {
    const given = { BAYKEEPER_KEYSTONE_URL: url, BAYKEEPER_KEYSTONE_PASSWORD: 'p' };
    expect(refusalOf(given)).toMatch(/^BAYKEEPER_KEYSTONE_URL must be the http:/);
  });

  it('takes origins as browsers send them', () => {
    const given = { BAYKEEPER_CORS_ORIGINS: 'https://panel.example, http://localhost:3000' };
    expect(readConfiguration(given, ROOT).corsOrigins).toEqual(['https://panel.example', 'http://localhost:3000']);
  });

  it.each([
    '*',
    'null',
    'panel.example',
    'https://panel.example/',
    'https://*.example',
    'https://a:443',
    'ftp://a',
    ',',
  ])('refuses the origin %s, which no browser sends or which means more than one', (origins) => {
    expect(refusalOf({ BAYKEEPER_CORS_ORIGINS: origins })).toMatch(/^BAYKEEPER_CORS_ORIGINS must be origins such as/);
  });

  it('names the nearest setting when a name is unknown', () => {
    expect(refusalOf({ BAYKEEPER_PROT: '80' })).toBe(
      'BAYKEEPER_PROT is no setting of Baykeeper: did you mean BAYKEEPER_PORT?',
    );
    expect(refusalOf({ BAYKEEPER_WORKER_CONCURENCY: '80' })).toMatch(/did you mean BAYKEEPER_WORKER_CONCURRENCY\?$/);
    expect(refusalOf({ BAYKEEPER_SOMETHING_ELSE_ALTOGETHER: '1' })).toBe(
      'BAYKEEPER_SOMETHING_ELSE_ALTOGETHER is no setting of Baykeeper: docs/configuration.md lists all names.',
    );
  });

  it.each([
    [{ BAYKEEPER_PORT: '0' }, 'BAYKEEPER_PORT must be a whole number from 1 to 65535, not "0".'],
    [{ BAYKEEPER_PORT: '80x' }, 'BAYKEEPER_PORT must be a whole number from 1 to 65535, not "80x".'],
    [{ BAYKEEPER_PORT: '65536' }, 'BAYKEEPER_PORT must be a whole number from 1 to 65535, not "65536".'],
    [
      { BAYKEEPER_BIND: 'everywhere' },
      'BAYKEEPER_BIND must be an IP address of this machine (0.0.0.0 for all of them), not "everywhere".',
    ],
    [{ BAYKEEPER_PUBLIC_URL: 'ftp://x' }, 'BAYKEEPER_PUBLIC_URL must be an http:// or https:// URL, not "ftp://x".'],
    [{ BAYKEEPER_DATA: 'here' }, 'BAYKEEPER_DATA must be an absolute path, not "here".'],
    [{ BAYKEEPER_COMPUTE: 'kvm' }, 'BAYKEEPER_COMPUTE must be one of auto, local, simulated, not "kvm".'],
    [
      { BAYKEEPER_LOCAL_SUBNET: '10.0.0.0/30' },
      'BAYKEEPER_LOCAL_SUBNET must be an IPv4 network such as 10.210.0.0/24, between /8 and /28, not "10.0.0.0/30".',
    ],
    [
      { BAYKEEPER_SIMULATED_FAILURE_RATE: '1.5' },
      'BAYKEEPER_SIMULATED_FAILURE_RATE must be a number from 0 to 1, not "1.5".',
    ],
    [
      { BAYKEEPER_KEYSTONE_URL: 'http://k:5000/v3' },
      'BAYKEEPER_KEYSTONE_PASSWORD must be set when BAYKEEPER_KEYSTONE_URL is.',
    ],
    [{ BAYKEEPER_PORT: '9512' }, 'BAYKEEPER_PORT and BAYKEEPER_NODE_PORT must differ.'],
  ])('refuses %j', (environment, refusal) => {
    expect(refusalOf(environment)).toBe(refusal);
  });

  it('tells all problems at once', () => {
    expect(
      refusalOf({ BAYKEEPER_PORT: 'x', BAYKEEPER_BNID: 'y', BAYKEEPER_TOKEN_HOURS: '-1' }).split('\n'),
    ).toHaveLength(3);
  });

  it.each([
    { DATABASE_URL: 'mysql://root:hush@db' },
    { REDIS_URL: 'http://:hush@r' },
    { BAYKEEPER_MASTER_KEY: 'hush' },
    { BAYKEEPER_ADMIN_PASSWORD: 'hush' },
    { BAYKEEPER_KEYSTONE_PASSWORD: 'hush'.repeat(2_000) },
  ])('never repeats a secret in a refusal: %j', (environment) => {
    expect(refusalOf(environment)).not.toContain('hush');
  });

  it('never shows a secret when it is printed', () => {
    const configuration = readConfiguration(
      {
        DATABASE_URL: 'postgres://bay:hush@db/bay',
        REDIS_URL: 'redis://:hush@r',
        BAYKEEPER_MASTER_KEY: KEY,
        BAYKEEPER_ADMIN_PASSWORD: 'hush-hush',
        BAYKEEPER_KEYSTONE_PASSWORD: 'hush-keystone',
      },
      ROOT,
    );
    for (const text of [JSON.stringify({ configuration }), inspect(configuration), inspect([configuration])]) {
      expect(text).not.toContain('hush');
      expect(text).not.toContain(KEY);
      expect(text).toContain('[hidden]');
    }
    expect(configuration.adminPassword).toBe('hush-hush');
    expect(configuration.masterKey).toBe(KEY);
  });

  it.each([
    'redis://localhost:6379/0',
    'unix:///run/redis.sock',
    'redis+sentinel://a:26379,b:26379/mymaster',
    'redis+cluster://a:6379,b:6379',
  ])('takes the Redis URL %s', (url) => {
    expect(readConfiguration({ REDIS_URL: url }, ROOT).redisUrl).toBe(url);
  });
});

describe('renderConfigurationReference', () => {
  it('lists every variable with its default', () => {
    const text = renderConfigurationReference();
    for (const key of SETTING_KEYS) expect(text).toContain(`### \`${SETTINGS[key].name}\``);
    expect(text).toContain('- Default: 9511');
  });

  it('documents the defaults that are used', () => {
    const configuration = readConfiguration({}, ROOT);
    for (const key of SETTING_KEYS) {
      const shown = SETTINGS[key].shownDefault;
      if (/^\d+$/.test(shown)) expect(configuration[key]).toBe(Number(shown));
    }
  });
});

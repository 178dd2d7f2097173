/** What is in deploy/ fits what is built: settings, metrics, documents; and the tools that read it take it. */
import { describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from '@baykeeper/platform';
import { SETTINGS } from '@baykeeper/platform/config/settings.js';
import { measureAudit, openInstallationMetrics } from '@baykeeper/services';
import { measureCalls, measurePool } from '@baykeeper/services/metrics/process-metrics.js';
import type { MeasureStore, Stores } from '@baykeeper/storage';
import { parse, parseAllDocuments } from 'yaml';
import { measureListenerIdentity, measureRequests } from '../../apps/api/operations/service-metrics.js';
import { measureJobs, measureReconciler } from '../../apps/worker/worker-metrics.js';

const ROOT = new URL('../..', import.meta.url).pathname;
const DEPLOY = join(ROOT, 'deploy');

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
const read = (path: string): string => readFileSync(join(DEPLOY, path), 'utf8');
const has = (program: string): boolean => spawnSync(program, ['help']).error === undefined;

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}
interface Rules {
  readonly groups: readonly { readonly rules: readonly Alert[] }[];
}
const alerts = (parse(read('prometheus-alerts.yaml')) as Rules).groups.flatMap(({ rules }) => rules);

/** The names under which Prometheus knows them. */
async function metricNames(): Promise<ReadonlySet<string>> {
  const registry = new Registry();
  measureCalls(registry);
  measurePool(registry, { pool: () => ({ open: 0, idle: 0, waiting: 0 }) });
  measureAudit(registry);
  measureRequests(registry);
  measureListenerIdentity(registry, () => Promise.reject(new Error('none')));
  measureReconciler(registry);
  measureJobs(registry)({ on: () => undefined } as never);
  const measures: MeasureStore = {
    read: () => Promise.reject(new Error('none')),
    readExpiry: () => Promise.reject(new Error('none')),
  };
  const ignore = (): void => undefined;
  const whole = openInstallationMetrics({
    database: { stores: { measures } as unknown as Stores },
    queue: { measure: () => Promise.reject(new Error('none')) },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
  const text = `${await registry.metrics()}\n${await whole.render()}`;
  const names = new Set<string>();
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    if (type === 'histogram') for (const suffix of ['_bucket', '_sum', '_count']) names.add(name + suffix);
    else names.add(name);
  }
  return names;
}

describe('the alerts', () => {
  it('ask for metrics that exist', async () => {
    const names = await metricNames();
    expect(names.size).toBeGreaterThan(20);
    const asked = alerts.flatMap(({ expr }) => expr.match(/\bbaykeeper_\w+/g) ?? []);
    expect(asked.length).toBeGreaterThanOrEqual(alerts.length);
    expect(asked.filter((name) => !names.has(name))).toEqual([]);
  });

  it('are each explained, and nothing else is', () => {
    const text = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
    const explained = [...text.matchAll(/^### (Baykeeper\w+)$/gm)].map(([, name]) => name);
    expect(explained).toEqual(alerts.map(({ alert }) => alert));
    for (const { annotations, labels } of alerts) {
      expect(annotations.summary).toMatch(/\.$/);
      expect(['warning', 'critical']).toContain(labels.severity);
    }
  });

  it('are taken by promtool, where it is', () => {
    if (!has('promtool')) {
      console.log('not checked with promtool, which is not installed (Debian’s package prometheus)');
      return;
    }
    execFileSync('promtool', ['check', 'rules', join(DEPLOY, 'prometheus-alerts.yaml')]);
  });
});

describe('the files in deploy/', () => {
  const files = filesBelow(DEPLOY);

  it('name only settings that exist', () => {
    const known = new Set<string>(Object.values(SETTINGS).map(({ name }) => name));
    for (const file of [...files, join(ROOT, 'docs/operations.md')]) {
      const named = readFileSync(file, 'utf8').match(/\bBAYKEEPER_[A-Z_]+\b/g) ?? [];
      expect({ file, unknown: named.filter((name) => !known.has(name)) }).toEqual({ file, unknown: [] });
    }
  });

  it('hold no secrets', () => {
    const secrets = Object.values(SETTINGS).flatMap((facts) => ('secret' in facts ? [facts.name] : []));
    for (const file of files) {
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        if (/^\s*#/.test(line)) continue;
        for (const name of secrets.filter((secret) => secret !== 'REDIS_URL'))
          expect(line).not.toMatch(new RegExp(`^\\s*(Environment=)?${name}\\s*[:=]\\s*\\S`));
        expect(line).not.toMatch(/:\/\/[^\s/:@]*:[^\s/@{]+@/);
        expect(line).not.toMatch(/-----BEGIN|password:\s*\S/i);
      }
    }
  });
});

describe('the units for systemd', () => {
  const units = readdirSync(join(DEPLOY, 'systemd')).filter((name) => name.endsWith('.service'));

  it('start programs of this checkout', () => {
    expect(units).toHaveLength(3);
    for (const unit of units) {
      const entry = /\/opt\/baykeeper\/(apps\/\w+)\/dist\/main\.js/.exec(read(`systemd/${unit}`))?.[1] ?? '?';
      expect(readdirSync(join(ROOT, entry))).toContain('main.ts');
    }
  });

  it('are taken by systemd-analyze, where it is', () => {
    if (!has('systemd-analyze')) {
      console.log('not checked with systemd-analyze, which is not installed (Debian’s package systemd)');
      return;
    }
    const directory = mkdtempSync(join(tmpdir(), 'baykeeper-units-'));
    try {
      for (const unit of units) {
        // Only the places differ on this machine.
        const text = read(`systemd/${unit}`)
          .replaceAll('/usr/bin/node', process.execPath)
          .replaceAll('/opt/baykeeper', ROOT.replace(/\/$/, ''));
        const name = unit.replace('@.', '@9511.');
        writeFileSync(join(directory, name), text);
        const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(directory, name)], {
          encoding: 'utf8',
        });
        const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line.includes(name));
        expect({ unit, status, complaints }).toEqual({ unit, status: 0, complaints: [] });
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('the Compose file', () => {
  interface Service {
    readonly image?: string;
    readonly command?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly volumes?: readonly string[];
    readonly depends_on?: readonly string[];
    readonly healthcheck?: { readonly test: readonly unknown[] };
  }
  const compose = parse(read('compose/compose.yaml'), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>;
    readonly volumes: Readonly<Record<string, unknown>>;
  };

  it('has the two kinds of processes over a database and a queue, and every volume and service that it names', () => {
    const { services, volumes } = compose;
    expect(Object.keys(services)).toEqual(['api', 'worker', 'postgres', 'redis']);
    expect(services['worker']?.command).toEqual(['node', 'apps/worker/dist/main.js']);
    expect(services['worker']?.environment?.['REDIS_URL']).toBe(services['api']?.environment?.['REDIS_URL']);
    for (const { volumes: mounts = [], depends_on = [], healthcheck } of Object.values(services)) {
      for (const word of healthcheck?.test ?? []) expect(typeof word).toBe('string');
      for (const mount of mounts) expect(Object.keys(volumes)).toContain(mount.split(':')[0]);
      for (const other of depends_on) expect(Object.keys(services)).toContain(other);
    }
    expect(read('compose/Dockerfile')).toContain('USER node');
  });

  it('is taken by docker-compose, where it is', () => {
    if (!has('docker-compose')) {
      console.log('not checked with docker-compose, which is not installed (Debian’s package docker-compose)');
      return;
    }
    const directory = mkdtempSync(join(tmpdir(), 'baykeeper-compose-'));
    try {
      writeFileSync(join(directory, 'compose.env'), '');
      writeFileSync(join(directory, 'compose.yaml'), read('compose/compose.yaml'));
      execFileSync('docker-compose', ['--file', join(directory, 'compose.yaml'), 'config', '--quiet']);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('the Helm chart', () => {
  const CHART = join(DEPLOY, 'helm/baykeeper');
  const templates = readdirSync(join(CHART, 'templates'));
  const text = templates.map((name) => readFileSync(join(CHART, 'templates', name), 'utf8')).join('\n');

  it('uses the values that it has, and defines what it includes', () => {
    const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Record<string, unknown>;
    for (const [, path = ''] of text.matchAll(/\.Values\.([A-Za-z.]+)/g)) {
      let value: unknown = values;
      for (const key of path.split('.')) {
        expect(Object.keys(value as object)).toContain(key);
        value = (value as Record<string, unknown>)[key];
      }
    }
    const defined = [...text.matchAll(/define "([^"]+)"/g)].map(([, name]) => name);
    const included = [...text.matchAll(/include "([^"]+)"/g)].map(([, name]) => name);
    expect(included.filter((name) => !defined.includes(name))).toEqual([]);
    const opened = text.match(/\{\{-?\s*(if|range|with|define)\b/g)?.length;
    expect(text.match(/\{\{-?\s*end\b/g)?.length).toBe(opened);
    expect(parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))).toMatchObject({ apiVersion: 'v2' });
  });

  const FILLED = {
    existingSecret: 'keys',
    publicUrl: 'https://bays.example.org',
    nodeUrl: 'https://nodes.example.org',
  };
  const MORE = {
    settings: { BAYKEEPER_LOG_LEVEL: 'debug' },
    nodeSelector: { disk: 'fast' },
    tolerations: [{ key: 'dedicated', operator: 'Exists' }],
    podAnnotations: { 'prometheus.io/scrape': 'true' },
    persistence: { existingClaim: 'shared' },
  };

  /** Null when it is refused; undefined when there is nothing to render it with. */
  function render(more: object): readonly Rendered[] | null | undefined {
    const values = { ...(parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as object), ...more };
    const chart = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as Record<string, string>;
    const renderer = has('helm')
      ? spawnSync('helm', ['template', 'bays', CHART, '--values', '-'], {
          input: JSON.stringify(more),
          encoding: 'utf8',
        })
      : has('go')
        ? spawnSync('go', ['run', join(ROOT, 'test/support/render-chart/main.go')], {
            env: { ...process.env, GO111MODULE: 'off', GOFLAGS: '' },
            input: JSON.stringify({
              directory: CHART,
              values,
              chart: { Name: chart['name'], Version: chart['version'], AppVersion: chart['appVersion'] },
            }),
            encoding: 'utf8',
          })
        : undefined;
    if (renderer === undefined) return undefined;
    if (renderer.status !== 0) return null;
    return parseAllDocuments(renderer.stdout).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as Rendered;
    });
  }

  it.each([
    ['the least', FILLED],
    ['all', { ...FILLED, ...MORE }],
  ])(
    'is rendered with %s of its values, where helm or Go is',
    (_how, given) => {
      const rendered = render(given);
      if (rendered === undefined) {
        console.log('the chart is not rendered: neither helm nor Go is installed');
        return;
      }
      const documents = rendered ?? [];
      expect(documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
        'ConfigMap bays-settings',
        'Deployment bays-api',
        'Deployment bays-worker',
        'PodDisruptionBudget bays-api',
        'Service bays',
        'Service bays-nodes',
      ]);
      for (const { kind, spec } of documents.filter(({ kind: known }) => known === 'Deployment')) {
        const { template, selector } = spec;
        expect(template?.metadata.labels).toEqual(selector?.matchLabels);
        const pod = template?.spec;
        expect({ kind, grace: pod?.terminationGracePeriodSeconds }).toEqual({ kind, grace: 45 });
        const [container] = pod?.containers ?? [];
        expect(container).toMatchObject({
          image: 'baykeeper:0.1.0',
          envFrom: [{ configMapRef: { name: 'bays-settings' } }, { secretRef: { name: 'keys' } }],
          securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
          livenessProbe: { httpGet: { path: '/healthz' } },
          readinessProbe: { httpGet: { path: '/readyz' } },
        });
        expect(pod?.volumes?.map(({ name }) => name)).toEqual(container?.volumeMounts.map(({ name }) => name));
      }
      const settings = documents.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
      expect(settings).toMatchObject({
        BAYKEEPER_PUBLIC_URL: 'https://bays.example.org',
        BAYKEEPER_SHUTDOWN_DELAY_SECONDS: '5',
      });
      expect(Object.values(settings).every((value) => typeof value === 'string')).toBe(true);
    },
    120_000,
  );

  it('is refused without what it can not know', () => {
    expect(render({})).not.toEqual(expect.anything());
  }, 120_000);

  it('is linted by helm, where it is', () => {
    if (!has('helm')) {
      console.log('not linted with helm, which is not installed');
      return;
    }
    const set = Object.entries(FILLED).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    execFileSync('helm', ['lint', '--strict', CHART, ...set]);
  });
});

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, unknown>>;
  readonly spec: {
    readonly selector?: { readonly matchLabels: object };
    readonly template?: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly { readonly volumeMounts: readonly { readonly name: string }[] }[];
        readonly volumes?: readonly { readonly name: string }[];
      };
    };
  };
}

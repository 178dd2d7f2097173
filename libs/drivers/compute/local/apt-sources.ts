/**
 * Finds, in the host's own apt configuration, where a Debian suite comes from. No mirror is ever named by us: what the
 * operator uses for the host is used for the nodes. Other sources of the host (third parties, backports) stay out.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { absentAsUndefined } from './write-atomically.js';

/** @returns source stanzas (deb822 form) for the suite, its updates and its security fixes; empty when there are none */
export async function loadSourcesFor(suite: string, aptDirectory = '/etc/apt'): Promise<readonly string[]> {
  const parts = join(aptDirectory, 'sources.list.d');
  const names = ((await absentAsUndefined(readdir(parts))) ?? []).sort();
  const files = [join(aptDirectory, 'sources.list'), ...names.map((name) => join(parts, name))];
  const stanzas: string[] = [];
  for (const file of files) {
    const text = (await absentAsUndefined(readFile(file, 'utf8'))) ?? '';
    if (file.endsWith('.sources')) stanzas.push(...selectStanzas(text, suite));
    else if (file.endsWith('.list')) stanzas.push(...selectLines(text, suite));
  }
  return stanzas;
}

const suitesOf = (suite: string): readonly string[] => [suite, `${suite}-updates`, `${suite}-security`];

/** apt's deb822 form: stanzas of `Field: value`, continued by indented lines. */
export function selectStanzas(text: string, suite: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n[ \t]*\n/)
    .map(parseStanza)
    .flatMap((fields) => {
      const suites = wordsOf(fields.get('suites')).filter((name) => suitesOf(suite).includes(name));
      const usable = wordsOf(fields.get('types')).includes('deb') && fields.get('enabled')?.trim() !== 'no';
      if (!usable || suites.length === 0) return [];
      return [renderStanza(new Map([...fields, ['types', 'deb'], ['suites', suites.join(' ')]]))];
    });
}

/** apt's older form, `deb [option=value] uri suite component…`, given in the newer one. */
export function selectLines(text: string, suite: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line.trim());
    const [, options = '', uri = '', name = '', components = ''] = match ?? [];
    if (match === null || !suitesOf(suite).includes(name)) return [];
    const fields = new Map([
      ['types', 'deb'],
      ['uris', uri],
      ['suites', name],
      ['components', components.trim()],
    ]);
    for (const option of wordsOf(options)) {
      const [key = '', value = ''] = option.split(/=(.*)/s);
      const field = LINE_OPTIONS[key];
      if (field !== undefined) fields.set(field, value.replaceAll(',', ' '));
    }
    return [renderStanza(fields)];
  });
}

/** The options of the older form that bear on reaching and trusting a source; the rest is about what the host wants of it. */
const LINE_OPTIONS: Readonly<Record<string, string>> = {
  'signed-by': 'signed-by',
  arch: 'architectures',
  trusted: 'trusted',
  'check-valid-until': 'check-valid-until',
};

function parseStanza(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z0-9-]+):(.*)$/.exec(line);
    if (match !== null) {
      last = (match[1] ?? '').toLowerCase();
      fields.set(last, (match[2] ?? '').trim());
    } else if (/^[ \t]/.test(line) && last !== '') {
      fields.set(last, `${fields.get(last) ?? ''}\n${line}`);
    }
  }
  return fields;
}

function renderStanza(fields: ReadonlyMap<string, string>): string {
  return [...fields].map(([name, value]) => `${name}: ${value}\n`).join('');
}

function wordsOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}

/**
 * The host's settings for reaching its mirrors (proxies, certificates, retries, dates), as apt configuration lines, and
 * where its passwords for them are.
 * @param dump what `apt-config dump` prints
 */
export function selectAptSettings(dump: string, aptDirectory = '/etc/apt'): string {
  const reach = /^Acquire::(https?|Check-|Retries|ForceIPv|By-Hash|PDiffs|Languages|Queue-Mode|MaxReleaseFileSize)/i;
  const lines = dump.split('\n').filter((line) => reach.test(line));
  return [
    ...lines,
    `Dir::Etc::netrc "${join(aptDirectory, 'auth.conf')}";`,
    `Dir::Etc::netrcparts "${join(aptDirectory, 'auth.conf.d')}";`,
    '',
  ].join('\n');
}

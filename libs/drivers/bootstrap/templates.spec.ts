import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTemplatesDirectory, readTemplate } from './templates.js';

const templates = findTemplatesDirectory();
const scripts = readdirSync(templates, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sh'));
const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
if (!hasShellcheck) process.stderr.write('Skipping shellcheck over the node scripts: it is not installed here.\n');

describe('the node scripts', () => {
  it('are there', () => {
    expect(scripts).toEqual(expect.arrayContaining(['node/agent.sh', 'swarm/engine.sh']));
  });

  it.each(scripts)('%s is shell and nothing else: no template syntax', (name) => {
    const text = readTemplate(templates, name);
    expect(text).not.toMatch(/\{\{|\}\}|<%|%>|@@/);
    const parsed = spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' });
    expect(parsed.stderr).toBe('');
  });

  (hasShellcheck ? it : it.skip).each(scripts)('shellcheck has nothing to say about %s', (name) => {
    const result = spawnSync('shellcheck', ['--shell=sh', join(templates, name)], { encoding: 'utf8' });
    expect(result.stdout).toBe('');
  });
});

describe('percent_encode in agent.sh', () => {
  const source = /^percent_encode\(\) \{\n[\s\S]*?\n\}\n/m.exec(readTemplate(templates, 'node/agent.sh'))?.[0] ?? '';

  it.each(['dockerd did not start', 'a&outcome=ok', '100% "sure"? #1 + <2>', 'path/with:colon;and=sign'])(
    'carries %j through a query unharmed',
    (message) => {
      const directory = mkdtempSync(join(tmpdir(), 'bk-encode-'));
      try {
        writeFileSync(join(directory, 'script'), `${source}percent_encode "$1"\n`);
        const encoded = spawnSync('sh', [join(directory, 'script'), message], { encoding: 'utf8' }).stdout;
        expect(encoded).toMatch(/^[\x21-\x7e]*$/);
        const query = new URL(`https://x/signals?message=${encoded}&outcome=failed`).searchParams;
        expect([query.get('message'), query.getAll('outcome')]).toEqual([message, ['failed']]);
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );
});

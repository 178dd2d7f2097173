/** The `openssl` command as a second opinion in tests: everything happens in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface OpensslResult {
  readonly code: number;
  /** Both outputs, one after the other. */
  readonly output: string;
}

export interface Openssl {
  readonly folder: string;
  /** Runs in the folder, so that arguments may be plain file names. */
  run(...args: string[]): Promise<OpensslResult>;
  write(name: string, content: string): Promise<void>;
  read(name: string): Promise<string>;
  /** Makes a key (`<name>.key`) and a request (`<name>.csr`), and returns the request. */
  request(name: string, keyArguments: readonly string[], ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function openOpenssl(): Promise<Openssl> {
  const folder = await mkdtemp(join(tmpdir(), 'baykeeper-pki-'));
  const run = (...args: string[]): Promise<OpensslResult> =>
    new Promise((resolve) => {
      execFile('openssl', args, { cwd: folder }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, output: stdout + stderr });
      });
    });
  const succeed = async (...args: string[]): Promise<void> => {
    const { code, output } = await run(...args);
    if (code !== 0) throw new Error(`openssl ${args.join(' ')}: ${output}`);
  };
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  return {
    folder,
    run,
    read,
    write: (name, content) => writeFile(join(folder, name), content),
    async request(name, keyArguments, ...args) {
      await succeed('genpkey', ...keyArguments, '-out', `${name}.key`);
      await succeed('req', '-new', '-key', `${name}.key`, '-out', `${name}.csr`, ...args);
      return read(`${name}.csr`);
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Arguments of `openssl genpkey`. */
export const P256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'] as const;
export const P384 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'] as const;
export const RSA_2048 = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'] as const;

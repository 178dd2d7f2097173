import type { Command } from 'commander';
import { listArtifactVersions, putArtifactVersion, storeArtifact, verifyArtifacts } from '../api/artifacts.js';
import type { JsonReader } from '../api/json-reader.js';
import { readEntry } from '../api/entries.js';
import { readArtifactFolder } from '../artifacts/artifact-folder.js';
import { printData, printNotice, printResult } from '../context.js';
import { CommandFailure } from '../failure.js';
import { printableText } from '../output/printable-text.js';
import { renderTable } from '../output/table.js';
import type { Beginning } from './begin.js';

const MIB = 1024 * 1024;

/** The artifact mirror, from which nodes get Kubernetes: for who runs the installation. */
export function registerArtifacts(program: Command, beginning: Beginning): void {
  const parent = program.command('artifacts').summary('what Kubernetes bays are made of (administrators)');
  parent
    .command('ls', { isDefault: true })
    .alias('list')
    .summary('list the versions that bays can be made of')
    .option('--files', 'every program and image of them')
    .action(async ({ files }: { files?: boolean }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const versions = await listArtifactVersions(session);
      if (context.structured) printData(context, { versions: versions.map(({ whole }) => whole) });
      else {
        const readers = versions.map(({ reader }) => reader);
        printResult(context, files === true ? renderFiles(readers) : renderVersions(readers));
      }
    });
  parent
    .command('import')
    .summary('take a version from a folder on this machine, with no internet')
    .description(
      'A folder holds bin/kubeadm, bin/kubelet, bin/kubectl and an archive of each image in images/*.tar;\nfor bays with calico manifests/calico.yaml too.',
    )
    .argument('<folder>')
    .option('--name <version>', 'call it so in the label kube_tag; else as its API server is tagged')
    .action(async (folder: string, { name }: { name?: string }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { artifacts, leftOut, ...found } = await readArtifactFolder(folder);
      const version = name ?? found.version;
      if (leftOut.length > 0) printNotice(context, `Not needed by nodes and left out: ${leftOut.join(', ')}.`);
      const missing = await putArtifactVersion(session, version, artifacts);
      for (const artifact of artifacts.filter(({ sha256 }) => missing.includes(sha256))) {
        printNotice(context, `Sending ${artifact.name} (${sizeText(artifact.size)}).`);
        await storeArtifact(session, artifact);
      }
      const absent = missing.length === 0 ? [] : await putArtifactVersion(session, version, artifacts);
      if (absent.length > 0) {
        throw new CommandFailure('unexpected', `The service lost ${absent.join(', ')}. Import the folder again.`);
      }
      if (context.structured) printData(context, { version, files: artifacts.length, sent: missing.length });
      else {
        const sentence = `Kubernetes ${version} is ready: ${artifacts.length} files, ${missing.length} of them new.`;
        printResult(context, printableText(sentence));
      }
    });
  parent
    .command('verify')
    .summary('read every file again and compare its checksum')
    .argument('[version]', 'such as v1.32.13; else every version that is kept')
    .action(async (version: string | undefined, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const versions = version === undefined ? keptVersions(await listArtifactVersions(session)) : [version];
      const problems: { readonly version: string; readonly name: string; readonly problem: string }[] = [];
      for (const each of versions) {
        for (const { reader } of await verifyArtifacts(session, each)) {
          problems.push({ version: each, name: reader.text('name'), problem: reader.text('problem') });
        }
      }
      if (context.structured) printData(context, { versions, problems });
      else if (problems.length === 0)
        printResult(context, printableText(`All is well: ${versions.join(', ') || 'nothing is kept'}.`));
      if (problems.length === 0) return;
      throw new CommandFailure('refused', {
        message: `${String(problems.length)} files are not what they should be. Import the version again.`,
        detail: problems.map((each) => `${each.version}: ${each.problem}`).join('\n'),
      });
    });
}

function keptVersions(versions: readonly { readonly reader: JsonReader }[]): readonly string[] {
  return versions.filter(({ reader }) => reader.flag('is_complete')).map(({ reader }) => reader.text('version'));
}

function renderVersions(versions: readonly JsonReader[]): string {
  const rows = versions.map((version) => {
    const files = filesOf(version);
    const bytes = files.reduce((sum, file) => sum + (file.countOrNull('size') ?? 0), 0);
    return [
      version.text('version'),
      version.text('source'),
      version.flag('is_complete') ? 'yes' : 'no, fetched when a bay needs it',
      String(files.length),
      bytes === 0 ? '' : sizeText(bytes),
    ];
  });
  return renderTable(['VERSION', 'SOURCE', 'KEPT', 'FILES', 'SIZE'], rows);
}

function renderFiles(versions: readonly JsonReader[]): string {
  const rows = versions.flatMap((version) =>
    filesOf(version).map((file) => [
      ...[version.text('version'), file.text('kind'), file.text('name'), file.textOrNull('reference') ?? ''],
      file.textOrNull('sha256') ?? '',
    ]),
  );
  return renderTable(['VERSION', 'KIND', 'NAME', 'IMAGE', 'SHA256'], rows);
}

function filesOf(version: JsonReader): readonly JsonReader[] {
  return version.requiredList('artifacts', (value, place) => readEntry(value, place).reader);
}

function sizeText(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

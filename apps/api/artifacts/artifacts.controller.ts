/** The artifact mirror, from which nodes get what their engine is made of. */
import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ArtifactVersion } from '@baykeeper/drivers';
import { ARTIFACT_KINDS, SHA256_PATTERN, VERSION_PATTERN } from '@baykeeper/drivers/artifacts/artifact-version.js';
import { Artifacts, artifactVersionSchema, invalidInput, parseBody } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { MISSING, REFUSED } from '../http/answers.js';
import { ARTIFACT_MEDIA_TYPE } from '../http/body-parsers.js';
import { Operation } from '../http/operation.decorator.js';

const versionAnswer = z
  .strictObject({
    version: z.string(),
    source: z.enum(['imported', 'fetched', 'catalogue']),
    is_complete: z.boolean(),
    artifacts: z.array(
      z.strictObject({
        kind: z.enum(ARTIFACT_KINDS),
        name: z.string(),
        reference: z.string().nullable(),
        sha256: z.string().nullable(),
        size: z.int().nullable(),
      }),
    ),
  })
  .meta({ id: 'ArtifactVersion' });
const versionsAnswer = z.strictObject({ versions: z.array(versionAnswer) }).meta({ id: 'ArtifactVersions' });
const putAnswer = z
  .strictObject({ version: z.string(), missing: z.array(z.string()) })
  .meta({ id: 'ArtifactsMissing' });
const storedAnswer = z.strictObject({ sha256: z.string(), size: z.int() }).meta({ id: 'ArtifactStored' });
const verifyAnswer = z
  .strictObject({
    version: z.string(),
    problems: z.array(z.strictObject({ name: z.string(), problem: z.string() })),
  })
  .meta({ id: 'ArtifactProblems' });

const WHICH = { version: 'The version, such as v1.32.13' };

@Controller('v1/artifacts')
export class ArtifactsController {
  constructor(private readonly artifacts: Artifacts) {}

  @Get()
  @Operation({
    access: 'artifact:get_all',
    summary: 'List the versions that bays can be made of',
    answers: { 200: { description: 'The versions, newest first', schema: versionsAnswer } },
    isLong: true,
  })
  list() {
    return { versions: this.artifacts.list().map(versionBody) };
  }

  @Get(':version')
  @Operation({
    access: 'artifact:get',
    summary: 'What a version is made of',
    parameters: WHICH,
    answers: { 200: { description: 'The version', schema: versionAnswer }, ...MISSING },
  })
  get(@Param('version') version: string) {
    return versionBody(this.artifacts.get(version));
  }

  @Put('files/:sha256')
  @Operation({
    access: 'artifact:update',
    summary: 'Store a file under its checksum',
    description: 'Before the version that has it is put.',
    parameters: { sha256: 'SHA-256 of the file in hexadecimal' },
    body: { mediaType: ARTIFACT_MEDIA_TYPE, description: 'The file', isStream: true },
    answers: { 200: { description: 'It is kept', schema: storedAnswer }, ...REFUSED },
  })
  async store(@Param('sha256') sha256: string, @Body() body: unknown) {
    if (!SHA256_PATTERN.test(sha256)) throw invalidInput('The checksum is wrong: give 64 hexadecimal digits.');
    if (!(body instanceof Readable)) throw invalidInput('Missing body: send the file.');
    return { sha256, size: await this.artifacts.store(sha256, body) };
  }

  @Put(':version')
  @Operation({
    access: 'artifact:update',
    summary: 'Say what a version is made of',
    description: 'While files are missing nothing is changed: store them, and put the same again.',
    parameters: WHICH,
    body: artifactVersionSchema,
    answers: { 200: { description: 'The checksums of files that are missing', schema: putAnswer }, ...REFUSED },
  })
  async put(@Req() request: FastifyRequest, @Param('version') version: string, @Body() body: unknown) {
    const { artifacts } = parseBody(artifactVersionSchema, body);
    if (!VERSION_PATTERN.test(version)) throw invalidInput('The version is wrong: write it like v1.32.13.');
    const missing = await this.artifacts.put(callerOf(request), { version, source: 'imported', artifacts });
    return { version, missing: [...missing] };
  }

  @Post(':version/verify')
  @HttpCode(200)
  @Operation({
    access: 'artifact:verify',
    summary: 'Read every file of a version again and compare its checksum',
    parameters: WHICH,
    answers: { 200: { description: 'What is wrong; nothing when all is well', schema: verifyAnswer }, ...MISSING },
  })
  async verify(@Param('version') version: string) {
    return { version, problems: (await this.artifacts.verify(version)).map((problem) => ({ ...problem })) };
  }
}

function versionBody({ version, source, isComplete, artifacts }: ArtifactVersion) {
  return {
    ...{ version, source, is_complete: isComplete },
    artifacts: artifacts.map(({ kind, name, reference, sha256, size }) => ({ kind, name, reference, sha256, size })),
  };
}

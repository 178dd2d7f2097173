import { Body, Controller, HttpCode, Param, Patch, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Rotations, invalidInput } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { CONFLICTING, IDENT, MISSING, REFUSED, uuidSchema } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';

const nothing = z.strictObject({}).meta({ id: 'Nothing' });
const ANSWERS = {
  202: { description: 'It is being rotated', schema: uuidSchema },
  ...{ ...REFUSED, ...MISSING, ...CONFLICTING },
};
const CREDENTIALS_MINOR = 12;

@Controller('v1')
export class RotationsController {
  constructor(private readonly rotations: Rotations) {}

  @Patch('certificates/:ident')
  @HttpCode(202)
  @Operation({
    access: 'certificate:rotate_ca',
    summary: 'Rotate a cluster’s CA: checked and written down, and not possible for any engine yet',
    parameters: IDENT,
    body: nothing,
    bodyIsOptional: true,
    answers: ANSWERS,
  })
  rotateAuthorities(@Req() request: FastifyRequest, @Param('ident') ident: string, @Body() body: unknown) {
    refuseBody(body);
    return this.rotations.rotateAuthorities(callerOf(request), ident);
  }

  @Patch('credentials/:ident')
  @HttpCode(202)
  @Operation({
    access: 'credential:rotate',
    since: CREDENTIALS_MINOR,
    summary: 'Replace what lets machines join a cluster',
    description: 'Of a swarm, both join tokens. Done when it is answered; nodes that have joined are not affected.',
    parameters: IDENT,
    body: nothing,
    bodyIsOptional: true,
    answers: ANSWERS,
  })
  async rotateCredentials(@Req() request: FastifyRequest, @Param('ident') ident: string, @Body() body: unknown) {
    refuseBody(body);
    return { uuid: await this.rotations.rotateCredentials(callerOf(request), ident) };
  }
}

function refuseBody(body: unknown): void {
  const isEmpty =
    body === undefined ||
    body === null ||
    (typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length === 0);
  if (!isEmpty) throw invalidInput('This takes no body: leave it out.');
}

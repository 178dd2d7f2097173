/** What a wish would do to the nodes of a bay, before anybody makes it. */
import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { NODE_ROLES } from '@baykeeper/domain';
import { Previews, clusterSchema, parseBody, wishOfCluster, wishSchema, type NodeChange } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { CONFLICTING, IDENT, MISSING, REFUSED } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';

const previewAnswer = z
  .strictObject({
    changes: z.array(
      z.strictObject({
        change: z.enum(['make', 'remove']),
        node: z.string(),
        role: z.enum(NODE_ROLES),
        nodegroup: z.string(),
        reason: z.string(),
      }),
    ),
  })
  .meta({ id: 'Preview' });
const ANSWERS = { 200: { description: 'The nodes that would be made and removed', schema: previewAnswer } };

@Controller('v1/bays')
export class PreviewsController {
  constructor(private readonly previews: Previews) {}

  @Post('preview')
  @HttpCode(200)
  @Operation({
    access: 'cluster:preview',
    summary: 'What asking for a new bay would do: nothing is made',
    description: 'The body of POST /v1/clusters. Refused as that would be, also by the quota.',
    body: clusterSchema,
    answers: { ...ANSWERS, ...REFUSED, ...MISSING, ...CONFLICTING },
  })
  async creation(@Req() request: FastifyRequest, @Body() body: unknown) {
    const wish = parseBody(clusterSchema, body);
    const rules = { unknownBaymodel: 'not-found', allowsNoWorkers: true } as const;
    const changes = await this.previews.creation(callerOf(request), wishOfCluster(wish, wish.name ?? 'bay'), rules);
    return { changes: changes.map(changeBody) };
  }

  @Post(':ident/actions/preview')
  @HttpCode(200)
  @Operation({
    access: 'cluster:preview',
    summary: 'What a resize, a retry or the deletion of a bay would do: nothing is changed',
    description:
      'Which nodes would be made or removed, and why, as the planner chooses them. Refused as the wish would be.',
    parameters: IDENT,
    body: wishSchema,
    answers: { ...ANSWERS, ...REFUSED, ...MISSING, ...CONFLICTING },
  })
  async change(@Req() request: FastifyRequest, @Param('ident') ident: string, @Body() body: unknown) {
    const wish = parseBody(wishSchema, body);
    const changes = await this.previews.change(
      callerOf(request),
      ident,
      wish.action === 'resize' ? { action: 'resize', resize: wish } : { action: wish.action },
    );
    return { changes: changes.map(changeBody) };
  }
}

function changeBody({ change, node, role, nodeGroup, reason }: NodeChange) {
  return { change, node, role, nodegroup: nodeGroup, reason };
}

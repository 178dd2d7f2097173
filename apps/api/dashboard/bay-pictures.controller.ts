/** A bay to look at: what there is, and what each node did. */
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Bays, Dashboard, parseQuery } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { nodesQuery } from '../bays/bay-queries.js';
import { BayRecords } from '../bays/bay-records.js';
import { CONFLICTING, IDENT, MISSING, REFUSED } from '../http/answers.js';
import { answerWithTag } from '../http/entity-tag.js';
import { Operation } from '../http/operation.decorator.js';
import { timelineAnswer, timelineOf } from './timeline.answers.js';
import { topologyAnswer, topologyBody } from './topology.answers.js';

const NODES = 50;
const SAME = { 304: { description: 'Nothing changed since the answer with the given ETag' } };

@Controller('v1/bays')
export class BayPicturesController {
  constructor(
    private readonly bays: Bays,
    private readonly dashboard: Dashboard,
    private readonly records: BayRecords,
    private readonly settings: ApiSettings,
  ) {}

  @Get(':ident/topology')
  @Operation({
    access: 'cluster:get_topology',
    summary: 'A bay as a picture: its groups, nodes and load balancers, with their state',
    description: 'Counts, and at most 60 nodes of each group: the size of the answer does not grow with the bay.',
    parameters: IDENT,
    answers: { 200: { description: 'The picture', schema: topologyAnswer }, ...SAME, ...MISSING, ...CONFLICTING },
  })
  async topology(
    @Req() request: FastifyRequest,
    @Param('ident') ident: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = await this.bays.show(callerOf(request), ident);
    const [groups, balancers] = await Promise.all([
      this.dashboard.drawGroups(view.bay),
      this.records.loadBalancersOf(view.bay),
    ]);
    return answerWithTag(request, reply, topologyBody(view, groups, balancers));
  }

  @Get(':ident/timeline')
  @Operation({
    access: 'cluster:get_timeline',
    summary: 'What each node of a bay did and does: phases with their beginning, end and error',
    description: 'Masters first, then by age; 50 nodes unless a `limit` is given.',
    parameters: IDENT,
    query: nodesQuery,
    answers: {
      200: { description: 'A page of nodes', schema: timelineAnswer },
      ...SAME,
      ...REFUSED,
      ...MISSING,
      ...CONFLICTING,
    },
  })
  async timeline(
    @Req() request: FastifyRequest,
    @Param('ident') ident: string,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { limit = NODES, marker = null } = parseQuery(nodesQuery, query);
    const view = await this.bays.show(callerOf(request), ident);
    const nodes = await this.records.nodesOf(view, { limit, after: marker });
    const last = nodes.length === limit ? nodes.at(-1) : undefined;
    const path = `/v1/bays/${view.bay.id}/timeline?limit=${String(limit)}&marker=${last?.uuid ?? ''}`;
    return answerWithTag(request, reply, {
      uuid: view.bay.id,
      nodes: nodes.map(timelineOf),
      ...(last !== undefined && { next: `${this.settings.baseUrl}${path}` }),
    });
  }
}

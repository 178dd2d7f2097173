/** Node groups, and what is done to a cluster by them; under both families of names. */
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, type Type } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import {
  NodeGroups,
  invalidInput,
  nodeGroupSchema,
  parseBody,
  parseQuery,
  resizeSchema,
  upgradeSchema,
} from '@baykeeper/services';
import type { NodeGroupView } from '@baykeeper/storage';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { CONFLICTING, IDENT, MISSING, REFUSED, uuidSchema } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { nextLink, pageQuery, type PageQuery } from '../http/pages.js';
import { patchSchema } from '../http/patch.js';
import { nodeGroupAnswer, nodeGroupBody, nodeGroupsAnswer, nodeGroupSummary, roleOf } from './node-group.bodies.js';

const groupQuery = pageQuery.extend({ role: z.string().max(255).optional() });
/** First minor versions (Magnum). */
const RESIZE = 7;
const UPGRADE = 8;
const NODE_GROUPS = 9;
const NO_NODES = 10;

const GROUP = { ...IDENT, group: 'UUID, name or number' };
const ONE = { description: 'The node group', schema: nodeGroupAnswer };
const ACCEPTED = { 202: { description: 'Accepted: poll its status, or follow its events', schema: uuidSchema } };

/** What a group can be sorted by. */
const SORT: Readonly<Record<string, (view: NodeGroupView) => string | number | null>> = {
  id: ({ number }) => number,
  uuid: ({ group }) => group.id,
  name: ({ group }) => group.name,
  node_count: ({ group }) => group.nodeCount,
  role: ({ group }) => roleOf(group),
  flavor_id: ({ group }) => group.flavorId,
  image_id: ({ group }) => group.imageId,
  docker_volume_size: ({ group }) => group.dockerVolumeSize,
  min_node_count: ({ group }) => group.minNodeCount,
  max_node_count: ({ group }) => group.maxNodeCount,
  is_default: ({ group }) => Number(group.isDefault),
  created_at: ({ group }) => group.createdAt.getTime(),
  updated_at: ({ group }) => group.updatedAt?.getTime() ?? null,
};

function nodeGroupRoutes(collection: 'bays' | 'clusters', name: string): Type<object> {
  @Controller(`v1/${collection}/:ident`)
  class NodeGroupRoutes {
    constructor(
      readonly groups: NodeGroups,
      readonly settings: ApiSettings,
    ) {}

    @Get('nodegroups')
    @Operation({
      access: 'nodegroup:get_all',
      since: NODE_GROUPS,
      summary: 'List node groups',
      parameters: IDENT,
      query: groupQuery,
      answers: {
        200: { description: 'A page of the list', schema: nodeGroupsAnswer },
        ...REFUSED,
        ...MISSING,
        ...CONFLICTING,
      },
    })
    async list(@Req() request: FastifyRequest, @Param('ident') ident: string, @Query() query: unknown) {
      const { role, ...asked } = parseQuery(groupQuery, query);
      const { bay, views } = await this.groups.list(callerOf(request), ident);
      const page = pageOfGroups(
        role === undefined ? views : views.filter(({ group }) => roleOf(group) === role),
        asked,
      );
      const path = `/v1/${collection}/${bay.id}/nodegroups`;
      const { next } = nextLink(
        this.settings.baseUrl,
        path,
        asked,
        page.map(({ group }) => group),
      );
      return {
        nodegroups: page.map((view) => nodeGroupSummary(bay, view)),
        ...(next !== undefined && { next: role === undefined ? next : `${next}&role=${encodeURIComponent(role)}` }),
      };
    }

    @Post('nodegroups')
    @HttpCode(202)
    @Operation({
      access: 'nodegroup:create',
      since: NODE_GROUPS,
      summary: 'Ask for a node group of workers',
      parameters: IDENT,
      body: nodeGroupSchema,
      answers: { 202: ONE, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async create(@Req() request: FastifyRequest, @Param('ident') ident: string, @Body() body: unknown) {
      const { bay, view } = await this.groups.create(callerOf(request), ident, parseBody(nodeGroupSchema, body));
      return nodeGroupBody(bay, view, this.settings.baseUrl, collection);
    }

    @Get('nodegroups/:group')
    @Operation({
      access: 'nodegroup:get',
      since: NODE_GROUPS,
      summary: 'Show a node group',
      parameters: GROUP,
      answers: { 200: ONE, ...MISSING, ...CONFLICTING },
    })
    async show(@Req() request: FastifyRequest, @Param('ident') ident: string, @Param('group') group: string) {
      const { bay, view } = await this.groups.show(callerOf(request), ident, group);
      return nodeGroupBody(bay, view, this.settings.baseUrl, collection);
    }

    @Patch('nodegroups/:group')
    @HttpCode(202)
    @Operation({
      access: 'nodegroup:update',
      since: NODE_GROUPS,
      summary: 'Change the bounds, labels and taints of a node group by JSON patch',
      description: 'Labels and taints reach nodes that become ready afterwards.',
      parameters: GROUP,
      body: patchSchema,
      answers: { 202: ONE, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async update(
      @Req() request: FastifyRequest,
      @Param('ident') ident: string,
      @Param('group') group: string,
      @Body() body: unknown,
    ) {
      const { bay, view } = await this.groups.update(callerOf(request), ident, group, body);
      return nodeGroupBody(bay, view, this.settings.baseUrl, collection);
    }

    @Delete('nodegroups/:group')
    @HttpCode(204)
    @Operation({
      access: 'nodegroup:delete',
      since: NODE_GROUPS,
      summary: 'Delete a node group: its nodes are drained first',
      parameters: GROUP,
      answers: { 204: { description: 'It will be deleted' }, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async remove(
      @Req() request: FastifyRequest,
      @Param('ident') ident: string,
      @Param('group') group: string,
    ): Promise<void> {
      await this.groups.remove(callerOf(request), ident, group);
    }

    @Post('actions/resize')
    @HttpCode(202)
    @Operation({
      access: 'cluster:resize',
      since: RESIZE,
      summary: 'Resize a node group, and say which nodes go first',
      description: 'Accepted in any status: the latest wish wins.',
      parameters: IDENT,
      body: resizeSchema,
      answers: { ...ACCEPTED, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async resize(@Req() request: FastifyRequest, @Param('ident') ident: string, @Body() body: unknown) {
      const wish = parseBody(resizeSchema, body);
      return { uuid: await this.groups.resize(callerOf(request), ident, wish, request.minor >= NO_NODES) };
    }

    @Post('actions/upgrade')
    @HttpCode(202)
    @Operation({
      access: 'cluster:upgrade',
      since: RESIZE,
      summary: 'Move a cluster to another template: checked and written down, and not possible for any engine yet',
      parameters: IDENT,
      body: upgradeSchema,
      answers: { ...ACCEPTED, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async upgrade(@Req() request: FastifyRequest, @Param('ident') ident: string, @Body() body: unknown) {
      if (request.minor < UPGRADE)
        throw invalidInput('This API version has no upgrade: send OpenStack-API-Version with 1.8 or later.');
      return this.groups.upgrade(callerOf(request), ident, parseBody(upgradeSchema, body));
    }
  }
  Object.defineProperty(NodeGroupRoutes, 'name', { value: name });
  return NodeGroupRoutes;
}

/** A bay has few groups, so a page of them is cut here. */
function pageOfGroups(views: readonly NodeGroupView[], query: PageQuery): readonly NodeGroupView[] {
  // Every object has a `constructor`, which is no field to sort by.
  const valueOf = Object.hasOwn(SORT, query.sort_key) ? SORT[query.sort_key] : undefined;
  if (valueOf === undefined) throw invalidInput(`sort_key must be one of ${Object.keys(SORT).join(', ')}.`);
  const sign = query.sort_dir === 'asc' ? 1 : -1;
  const sorted = [...views].sort((a, b) => {
    return sign * (compare(valueOf(a), valueOf(b)) || a.number - b.number);
  });
  const { marker } = query;
  const from = marker === undefined ? 0 : sorted.findIndex(({ group }) => group.id === marker) + 1;
  if (marker !== undefined && from === 0)
    throw new BaykeeperError({ code: 'not-found', publicMessage: 'The marker could not be found.' });
  return sorted.slice(from, from + query.limit);
}

/** What is missing counts as larger than everything, as in the lists that the database sorts. */
function compare(left: string | number | null, right: string | number | null): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return left < right ? -1 : left > right ? 1 : 0;
}

export const BayNodeGroupsController = nodeGroupRoutes('bays', 'BayNodeGroups');
export const ClusterNodeGroupsController = nodeGroupRoutes('clusters', 'ClusterNodeGroups');

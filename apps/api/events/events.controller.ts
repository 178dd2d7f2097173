/** What happens in a project, over all its bays. */
import { Controller, Get, Query, Req, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseQuery } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { sequenceText } from '../bays/bay-queries.js';
import { eventKindSchema } from '../bays/bay.answers.js';
import { REFUSED, errorSchema, timeSchema } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { BEGINNING, LARGEST_PAGE, ProjectEvents, positionOf } from './project-events.js';
import { viewerOf } from './stream-viewer.js';

const AFTER_ADVICE = 'give the id of the last event seen, such as 4711-42';
const PAGE = 100;

const eventsQuery = z.strictObject({
  after: z
    .string({ error: AFTER_ADVICE })
    .refine((text) => positionOf(text) !== null, { error: AFTER_ADVICE })
    .optional(),
  limit: sequenceText('give a whole number above 0', 1, Number.MAX_SAFE_INTEGER).optional(),
});

const eventsAnswer = z
  .strictObject({
    events: z.array(
      z.strictObject({
        id: z.string().describe('Its place in the order of the project’s events: what after and Last-Event-ID take'),
        sequence: z.int(),
        bay_uuid: z.uuid(),
        bay_name: z.string(),
        node: z.string().nullable(),
        kind: eventKindSchema,
        level: z.enum(['info', 'warning', 'error']),
        message: z.string(),
        at: timeSchema,
      }),
    ),
    next: z.string().optional(),
  })
  .meta({ id: 'ProjectEvents' });

@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly events: ProjectEvents,
    private readonly settings: ApiSettings,
  ) {}

  @Get()
  @Operation({
    access: 'event:get_all',
    summary: 'List what happened to all bays of the own project, or follow it',
    description:
      'With `Accept: text/event-stream` the answer never ends: what happens from now on, or everything after ' +
      '`Last-Event-ID` (or `after`). None is left out, and none comes before one that was told already: an event is told ' +
      'when the transactions that began before its own have ended. The server ends the answer from time to time, and when ' +
      'the token ends; clients connect again. A token and a project may have so many at once.',
    query: eventsQuery,
    answers: {
      200: {
        description: 'Events, oldest first',
        schema: eventsAnswer,
        mediaTypes: ['application/json', 'text/event-stream'],
      },
      429: { description: 'Too many streams are open: end one of them', schema: errorSchema },
      ...REFUSED,
    },
  })
  async list(@Req() request: FastifyRequest, @Query() query: unknown, @Res({ passthrough: true }) reply: FastifyReply) {
    const { after: text, limit: wanted = PAGE } = parseQuery(eventsQuery, query);
    const { projectId } = callerOf(request);
    const after = text === undefined ? null : positionOf(text);
    if (request.headers.accept?.includes('text/event-stream') === true) {
      void reply.headers({ 'X-Accel-Buffering': 'no' });
      const stream = await this.events.follow(projectId, lastSeen(request) ?? after, viewerOf(request, projectId));
      return new StreamableFile(stream, { type: 'text/event-stream; charset=utf-8' });
    }
    const limit = Math.min(wanted, LARGEST_PAGE);
    const events = await this.events.list(projectId, after ?? BEGINNING, limit);
    const last = events.length === limit ? events.at(-1) : undefined;
    const next = `${this.settings.baseUrl}/v1/events?after=${last?.id ?? ''}&limit=${String(limit)}`;
    return { events, ...(last !== undefined && { next }) };
  }
}

/** Where a reconnecting client stopped; what is no position of ours is as good as nothing. */
function lastSeen(request: FastifyRequest) {
  const header = request.headers['last-event-id'];
  return typeof header === 'string' ? positionOf(header) : null;
}

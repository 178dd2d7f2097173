import type { FastifyRequest } from 'fastify';
import { BaykeeperError, type ProjectId } from '@baykeeper/domain';
import { isAdministrator } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import type { StreamViewer } from './event-streams.js';

const REFUSALS = new Set<string>(['unauthenticated', 'forbidden']);

/** The same check as before the stream, for as long as it lasts. @param projectId whose things are streamed */
export function viewerOf(request: FastifyRequest, projectId: ProjectId): StreamViewer {
  return {
    token: request.token ?? '',
    projectId: callerOf(request).projectId,
    async mayGoOn() {
      try {
        const caller = await request.checkAgain();
        return caller !== null && (caller.projectId === projectId || isAdministrator(caller));
      } catch (error) {
        if (error instanceof BaykeeperError && REFUSALS.has(error.code)) return false;
        throw error;
      }
    },
  };
}

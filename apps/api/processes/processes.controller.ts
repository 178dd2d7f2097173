/** Our processes: as Magnum's clients know them, and all of them. */
import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import type { Database, ProcessRecord } from '@baykeeper/storage';
import { timeSchema } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { timestamp } from '../http/timestamp.js';

/** Hands the records of processes to the controller. */
export class ProcessRecords {
  constructor(private readonly database: Pick<Database, 'stores'>) {}

  list(): Promise<readonly ProcessRecord[]> {
    return this.database.stores.processes.list();
  }
}

const servicesAnswer = z
  .strictObject({
    mservices: z.array(
      z.strictObject({
        id: z.int(),
        host: z.string(),
        binary: z.string(),
        state: z.enum(['up', 'down']),
        disabled: z.literal(false),
        disabled_reason: z.null(),
        report_count: z.int(),
        created_at: timeSchema,
        updated_at: timeSchema.nullable(),
      }),
    ),
  })
  .meta({ id: 'MagnumServices' });
const processesAnswer = z
  .strictObject({
    processes: z.array(
      z.strictObject({
        id: z.int(),
        host: z.string(),
        kind: z.enum(['api', 'worker']),
        slot: z.int(),
        state: z.enum(['up', 'down']),
        version: z.string(),
        report_count: z.int(),
        started_at: timeSchema,
        last_seen_at: timeSchema.nullable(),
      }),
    ),
  })
  .meta({ id: 'Processes' });

/** What does a conductor's work here is a worker; clients look for this name. */
const CONDUCTOR = 'magnum-conductor';

@Controller('v1')
export class ProcessesController {
  constructor(private readonly records: ProcessRecords) {}

  @Get('mservices')
  @Operation({
    access: 'magnum-service:get_all',
    summary: 'The workers, as Magnum shows its conductors',
    answers: { 200: { description: 'The workers', schema: servicesAnswer } },
  })
  async services() {
    const workers = (await this.records.list()).filter(({ kind }) => kind === 'worker');
    // Clients and Magnum's own tests know conductors by their number among conductors.
    return {
      mservices: workers.map((worker, index) => ({
        id: index + 1,
        host: worker.host,
        binary: CONDUCTOR,
        state: stateOf(worker),
        disabled: false,
        disabled_reason: null,
        report_count: worker.reportCount,
        created_at: timestamp(worker.createdAt),
        updated_at: timestamp(worker.lastSeenAt),
      })),
    };
  }

  @Get('processes')
  @Operation({
    access: 'process:get_all',
    summary: 'All processes of the installation, with the last word of each',
    answers: { 200: { description: 'The processes', schema: processesAnswer } },
  })
  async processes() {
    return {
      processes: (await this.records.list()).map((record) => ({
        ...{ id: record.id, host: record.host, kind: record.kind, slot: record.slot },
        ...{ state: stateOf(record), version: record.version, report_count: record.reportCount },
        started_at: timestamp(record.startedAt),
        last_seen_at: timestamp(record.lastSeenAt),
      })),
    };
  }
}

function stateOf({ isUp }: ProcessRecord): 'up' | 'down' {
  return isUp ? 'up' : 'down';
}

import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { ProcessKind, ProcessRecord } from '../contracts/processes.js';
import { CREATION_TIME, INTEGER, TEXT, TIME, TIME_OR_NULL } from './column-types.js';

@Entity('processes')
@Unique(['host', 'kind', 'slot'])
export class ProcessEntity implements Omit<ProcessRecord, 'isUp'> {
  @PrimaryGeneratedColumn(INTEGER) id!: number;
  @Column(TEXT) host!: string;
  @Column(TEXT) kind!: ProcessKind;
  @Column(INTEGER) slot!: number;
  @Column(TEXT) version!: string;
  @Column(INTEGER) reportCount!: number;
  @Column(TIME) startedAt!: Date;
  @Column(TIME_OR_NULL) lastSeenAt!: Date | null;
  @Column(TIME_OR_NULL) stoppedAt!: Date | null;
  @Column(CREATION_TIME) createdAt!: Date;
  /** When it began, if it reads members of load balancers from their rows. */
  @Column({ ...TIME_OR_NULL, select: false }) memberRowsSince?: Date | null;
}

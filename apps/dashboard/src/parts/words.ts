/** Words for what the API says in its own. */
import type { QuotaResource } from '../api/types.js';

export function isBusy(status: string): boolean {
  return status.endsWith('_IN_PROGRESS');
}

export function isFailed(status: string): boolean {
  return status.endsWith('_FAILED');
}

const STATUS: Readonly<Record<string, string>> = {
  CREATE_IN_PROGRESS: 'Creating',
  CREATE_COMPLETE: 'Ready',
  CREATE_FAILED: 'Not created',
  UPDATE_IN_PROGRESS: 'Changing',
  UPDATE_COMPLETE: 'Ready',
  UPDATE_FAILED: 'Not changed',
  DELETE_IN_PROGRESS: 'Deleting',
  DELETE_FAILED: 'Not deleted',
};

export function statusWord(status: string): string {
  return STATUS[status] ?? status;
}

const ENGINES: Readonly<Record<string, string>> = {
  swarm: 'Docker Swarm',
  'swarm-mode': 'Docker Swarm',
  kubernetes: 'Kubernetes',
  mesos: 'Mesos + Marathon',
  nomad: 'Nomad',
};

export function engineWord(coe: string): string {
  return ENGINES[coe] ?? coe;
}

const RESOURCE_WORDS: Readonly<Record<QuotaResource, string>> = {
  Cluster: 'Bays',
  Node: 'Workers',
  Master: 'Masters',
  ClusterTemplate: 'Baymodels',
};

export const RESOURCES = Object.keys(RESOURCE_WORDS) as readonly QuotaResource[];

export function resourceWord(resource: QuotaResource): string {
  return RESOURCE_WORDS[resource];
}

export function phaseWord(phase: string): string {
  const text = phase.replaceAll('-', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

export function ago(time: string, now: number): string {
  const seconds = Math.max(0, (now - new Date(time).getTime()) / 1_000);
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return `${count(Math.floor(seconds / length), unit)} ago`;
  }
  return seconds < 10 ? 'just now' : `${String(Math.floor(seconds))} seconds ago`;
}

export function clock(time: string): string {
  return new Date(time).toLocaleTimeString('en-GB');
}

export function day(time: string): string {
  return new Date(time).toLocaleDateString('en', { dateStyle: 'medium' });
}

export function seconds(from: string, to: string | number): string {
  const end = typeof to === 'number' ? to : new Date(to).getTime();
  const span = Math.max(0, (end - new Date(from).getTime()) / 1_000);
  if (span < 10) return `${span.toFixed(1)} s`;
  if (span < 120) return `${String(Math.round(span))} s`;
  return `${String(Math.round(span / 60))} min`;
}

import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { memoryFlags } from './memory-flags.js';

describe('flags of a child process', () => {
  it('leave collecting to the process itself where processors are fewer than processes', () => {
    const room = { heapMegabytes: 512, processes: 3 };
    expect(memoryFlags({ ...room, processors: 2 })).toContain('--single-threaded-gc');
    expect(memoryFlags({ ...room, processors: 8 })).not.toContain('--single-threaded-gc');
  });

  it('are known to Node.js', () => {
    const flags = memoryFlags({ heapMegabytes: 300, processes: 2, processors: 1 });
    const program = "process.stdout.write(String(require('node:v8').getHeapStatistics().heap_size_limit / 2 ** 20))";
    const limit = Number(execFileSync(process.execPath, [...flags, '-e', program], { encoding: 'utf8' }));
    expect(limit).toBeGreaterThanOrEqual(300);
    expect(limit).toBeLessThan(400);
  });
});

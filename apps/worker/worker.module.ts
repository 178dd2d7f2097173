import { Module, type DynamicModule } from '@nestjs/common';
import type { Configuration, Logger } from '@baykeeper/platform';
import type { Installation } from '@baykeeper/services';
import { WorkerService } from './worker.service.js';

@Module({})
export class WorkerModule {
  static of(installation: Installation, configuration: Configuration, log: Logger): DynamicModule {
    return {
      module: WorkerModule,
      providers: [{ provide: WorkerService, useFactory: () => new WorkerService(installation, configuration, log) }],
    };
  }
}

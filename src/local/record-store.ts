import { join } from 'node:path';
import { type BenchmarkRecord, parseBenchmarkRecord } from '../api/record.ts';
import { jsonFilesIn, readJsonFile, writeJsonFile } from './json-file.ts';

/** The benchmark records of this machine: one file per model hash and device class, the newest measurement wins. */
export class RecordStore {
  readonly #folder: string;

  constructor(stateDirectory: string) {
    this.#folder = join(stateDirectory, 'records');
  }

  /** `undefined` when nothing usable is stored; a damaged or newer record counts as none and is measured again. */
  async find(modelHash: string, deviceClass: string): Promise<BenchmarkRecord | undefined> {
    const record = parseBenchmarkRecord(await readJsonFile(this.#path(modelHash, deviceClass)));
    return record?.modelHash === modelHash && record.deviceClass === deviceClass ? record : undefined;
  }

  async save(record: BenchmarkRecord): Promise<void> {
    await writeJsonFile(this.#path(record.modelHash, record.deviceClass), record);
  }

  /** All readable records, newest first. */
  async list(): Promise<readonly BenchmarkRecord[]> {
    const read = await Promise.all((await jsonFilesIn(this.#folder)).map(readJsonFile));
    return read
      .map((value) => parseBenchmarkRecord(value))
      .filter((record) => record !== undefined)
      .sort((a, b) => (a.finishedAt < b.finishedAt ? 1 : -1));
  }

  /** Device classes are label values, so they are safe in a file name. */
  #path(modelHash: string, deviceClass: string): string {
    return join(this.#folder, `${modelHash}.${deviceClass}.json`);
  }
}

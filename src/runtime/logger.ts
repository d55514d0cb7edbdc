import { type DestinationStream, pino } from 'pino';

/** Levels a person may choose. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Keys whose values never reach a log, wherever a caller puts them one or two levels deep. */
const SECRETS = ['authorization', 'token', 'apiKey', 'password', 'cookie'];

/** One JSON object a line on stderr, with the time as RFC 3339 and the name of the program. */
export function createLogger(options: {
  readonly program: string;
  readonly level?: LogLevel;
  readonly destination?: DestinationStream;
}): Logger {
  return pino(
    {
      name: options.program,
      level: options.level ?? 'info',
      base: { program: options.program },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((key) => [key, `*.${key}`]), censor: '(hidden)' },
    },
    options.destination ?? pino.destination({ fd: 2, sync: true }),
  );
}

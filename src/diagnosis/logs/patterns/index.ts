import type { LogPattern } from '../pattern.ts';
import { missingEnv, unreadable } from './configuration.ts';
import { refused, timedOut } from './connection.ts';
import { forbidden, rejected } from './credentials.ts';
import { exhausted, objects } from './database.ts';
import { denied, full, missing } from './files.ts';
import { modules, root } from './image.ts';
import { crashes, heap, limits, ports } from './process.ts';
import { corefile, notAnswered, notFound } from './resolution.ts';
import { tls } from './tls.ts';

/**
 * Every wording, the more specific cause first: the first that fits a line names it. A name that does not resolve is
 * reported before the connection that needed it, a limit of the system before the disk whose error text it borrows,
 * and a crash only when nothing says why.
 */
export const patterns: readonly LogPattern[] = [
  ...forbidden,
  ...corefile,
  ...notAnswered,
  ...notFound,
  ...limits,
  ...exhausted,
  ...root,
  ...tls,
  ...objects,
  ...rejected,
  ...missingEnv,
  ...modules,
  ...ports,
  ...denied,
  ...heap,
  ...missing,
  ...full,
  ...refused,
  ...timedOut,
  ...unreadable,
  ...crashes,
];

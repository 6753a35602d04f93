import type { Rule } from '../../rule.ts';
import { cronJobBadSchedule, cronJobFailing, cronJobMissed, cronJobOverlap, cronJobSuspended } from './cronjobs.ts';
import { failedBackoff, failedDeadline, failedPolicy, retrying, runningLong, suspended } from './jobs.ts';

export const jobRules: readonly Rule[] = [
  failedBackoff,
  failedDeadline,
  failedPolicy,
  retrying,
  suspended,
  runningLong,
  cronJobSuspended,
  cronJobMissed,
  cronJobFailing,
  cronJobOverlap,
  cronJobBadSchedule,
];

// Set by the bundler; absent when the sources run by themselves in tests.
declare const AIOPS_VERSION: string | undefined;

export const version = typeof AIOPS_VERSION === 'string' ? AIOPS_VERSION : '0.0.0-dev';

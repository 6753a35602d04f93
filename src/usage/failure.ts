/** No usage can be had from a source: what failed, on what, why and what to try. The message is printable. */
export class UsageFailure extends Error {
  override readonly name = 'UsageFailure';
  constructor(
    readonly reason:
      | 'unauthorized'
      | 'unreachable'
      | 'not-prometheus'
      | 'ambiguous-cluster'
      | 'refused'
      | 'bad-file'
      | 'busy'
      | 'bad-setting',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

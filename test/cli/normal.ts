/** Makes what differs from run to run the same: ids, times, durations. Widths stay. */
export function normal(text: string, replaced: Readonly<Record<string, string>> = {}): string {
  const named = Object.entries(replaced).reduce((all, [from, to]) => all.replaceAll(from, to), text)
  return named
    .replaceAll(
      /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g,
      '01234567-89ab-7cde-8f01-23456789abcd',
    )
    .replaceAll(/[0-9a-f]{8}-…7?[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, '01234567-…7cde-8f01-23456789abcd')
    .replaceAll(/…[0-9a-f]{8}(?= )/g, '…6789abcd')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '2026-01-02 03:04:05')
    .replaceAll(/^\d\d:\d\d:\d\d/gm, '03:04:05')
    .replaceAll(/\((now|\d+[smh] ago)\)/g, '(now)')
    .replaceAll(/ in \d+(\.\d)?(ms|s)$/gm, ' in 1s')
    .replaceAll(/took \d+(\.\d)?(ms|s)/g, 'took 1s')
    .replaceAll(/[ \d]\ds {2}(?=\S)/g, ' 0s  ')
}

/**
 * Imported before anything else, lets a process believe in another time: `LONGSHORE_CHAOS_CLOCK_MS` is added to what the
 * machine's clock says. Threads and processes that it starts inherit it. Monotonic time stays right, as it does on a
 * machine whose clock was set wrong.
 */
const offsetMs = Number(process.env.LONGSHORE_CHAOS_CLOCK_MS ?? 0)

if (offsetMs !== 0) {
  const RightDate = Date
  const now = (): number => RightDate.now() + offsetMs
  globalThis.Date = new Proxy(RightDate, {
    construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
    apply: () => new RightDate(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  })
  const timeOrigin = performance.timeOrigin + offsetMs
  Object.defineProperty(performance, 'timeOrigin', { get: () => timeOrigin })
}

/** The same port with other methods in the place of some; all else passes untouched. */
export function wrappedPort<Port extends object>(port: Port, instead: Partial<Port>): Port {
  const methods = new Map<string | symbol, unknown>(Object.entries(instead))
  return new Proxy(port, {
    get(target, name) {
      const known = methods.get(name)
      if (known !== undefined) return known
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      // Private fields are the port's own: a method must be called on it, not on the proxy.
      const bound: unknown = value.bind(target)
      methods.set(name, bound)
      return bound
    },
  })
}

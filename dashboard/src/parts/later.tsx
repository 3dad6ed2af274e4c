import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Fault } from './empty.tsx'

/** A view whose code is fetched when it is first shown. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let View: ComponentType<Props> | undefined
  return (props) => {
    const [error, setError] = useState<string | undefined>(undefined)
    const [, setIsThere] = useState(View !== undefined)
    useEffect(() => {
      if (View !== undefined) return
      load()
        .then((loaded) => {
          View = loaded
          setIsThere(true)
        })
        .catch(() => setError('This view could not be fetched: the service may have been updated.'))
    }, [])
    if (View !== undefined) return <View {...props} />
    if (error !== undefined) return <Fault error={error} retry={() => location.reload()} />
    return <p class="starting">Loading…</p>
  }
}

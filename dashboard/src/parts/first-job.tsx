import { serviceUrl } from '../state/router.ts'
import { can, hasKey } from '../state/session.ts'
import { Code } from './code.tsx'
import { Empty } from './empty.tsx'
import { Link } from './link.tsx'

/** How the first job is submitted. */
export function FirstJob() {
  const key = hasKey.value ? ' -H "Authorization: Bearer $LONGSHORE_API_KEY"' : ''
  return (
    <Empty title="There are no jobs yet">
      <p>Submit one from a terminal: any file will do, and the answer is the job.</p>
      <Code text={`curl -F file=@hello.txt${key} ${serviceUrl}ingest/upload`} what="the command" />
      {can.value.submit && (
        <p>
          Or <Link to="/submit">drop files here</Link>.
        </p>
      )}
    </Empty>
  )
}

import type { Job } from '@longshore/client'
import type { Paint } from '../output.ts'
import { describeState, statusMark, statusWord } from './job-status.ts'
import type { Canvas } from './job-table.ts'
import { showBytes, showDuration, showInstant } from './quantities.ts'
import { safeJson, safeLines, safeText } from './safe-text.ts'

/** One job in all detail. What does not apply is left out. */
export function renderJob(job: Job, { nowMs, paint }: Omit<Canvas, 'width'>): string {
  const rows = [...stateRows(job, nowMs, paint), ...timeRows(job, nowMs), ...orderRows(job)]
  const lines = rows.map(([name, value]) => `${paint('dim', name.padEnd(11))} ${value}`)
  return [...lines, ...blocks(job, nowMs, paint)].join('\n')
}

type Row = readonly [name: string, value: string]

function stateRows(job: Job, nowMs: number, paint: Paint): Row[] {
  const state = `${statusMark(job.status, paint)} ${statusWord(job.status, paint)}`
  const isRunning = job.status === 'queued' || job.status === 'processing'
  return [
    ['job', job.job_id],
    ['status', isRunning ? `${state}  ${describeState(job, nowMs)}` : state],
    ...present('error', job.error === null ? null : indent(safeLines(job.error), 12)),
    ['processor', safeText(`${job.processor.name} ${job.processor.version}`)],
    ['attempt', `${job.attempt} of ${job.max_attempts}, of at most ${showDuration(job.timeout_seconds * 1000)} each`],
    ['files', describeFiles(job)],
    ...present('waits for', describeWait(job)),
    ...present('takes', job.resources && describeResources(job.resources)),
  ]
}

/** The status says when it is due and how many are before it. */
function describeWait({ waits_for }: Job): string | null {
  if (waits_for === null || waits_for.reason === 'due_time' || waits_for.reason === 'turn') return null
  return `${waits_for.reason.replaceAll('_', ' ')}: ${safeText(waits_for.message)}`
}

function describeResources({ cpu, memory_bytes, scratch_bytes }: NonNullable<Job['resources']>): string {
  const each = [
    cpu > 0 && `${cpu} cpu`,
    memory_bytes > 0 && `${showBytes(memory_bytes)} of memory`,
    scratch_bytes > 0 && `${showBytes(scratch_bytes)} of scratch`,
  ]
  return each.filter((text) => text !== false).join(', ')
}

function describeFiles({ files: { total, done, failed, bytes } }: Job): string {
  const failures = failed > 0 ? `, ${failed} failed` : ''
  return `${done} of ${total} done${failures}, ${showBytes(bytes)}`
}

function timeRows(job: Job, nowMs: number): Row[] {
  const at = (instant: string | null): string | null => (instant === null ? null : showInstant(instant, nowMs))
  const isDelayed = job.status === 'queued' && Date.parse(job.run_at) > nowMs
  return [
    ...present('created', at(job.created_at)),
    ...present('due', isDelayed ? at(job.run_at) : null),
    ...present('started', at(job.started_at)),
    ...present('cancel', job.cancel_requested_at === null ? null : `asked for ${at(job.cancel_requested_at)}`),
    ...present('ended', job.completed_at === null ? null : `${at(job.completed_at)}${tookOf(job)}`),
  ]
}

function tookOf({ started_at, completed_at }: Job): string {
  if (started_at === null || completed_at === null) return ''
  return `, took ${showDuration(Date.parse(completed_at) - Date.parse(started_at))}`
}

function orderRows({ priority, group, schedule, labels, callback_url, worker }: Job): Row[] {
  const pairs = Object.entries(labels).map(([name, value]) => safeText(`${name}=${value}`))
  return [
    ...present('priority', priority === 0 ? null : String(priority)),
    ...present('group', group === null ? null : safeText(group)),
    ...present('schedule', schedule === null ? null : safeText(`${schedule.name}, ${schedule.tick ?? 'by hand'}`)),
    ...present('labels', pairs.length === 0 ? null : pairs.join('  ')),
    ...present('tells', callback_url === null ? null : safeText(callback_url)),
    ...present('worker', worker === null ? null : safeText(worker)),
  ]
}

function blocks(job: Job, nowMs: number, paint: Paint): string[] {
  const errors = job.errors.map(
    ({ attempt, code, message, at }) =>
      `attempt ${attempt}, ${showInstant(at, nowMs)}: ${safeText(code)}\n${safeLines(message)}`,
  )
  const links = Object.values(job.links).map(safeText)
  return [
    ...block('errors', errors.join('\n'), paint),
    ...block('parameters', job.parameters === null ? '' : safeJson(job.parameters, 2), paint),
    ...block('result', job.result === null ? '' : safeJson(job.result, 2), paint),
    ...block('links', links.join('\n'), paint),
  ]
}

function block(name: string, text: string, paint: Paint): string[] {
  return text === '' ? [] : ['', paint('dim', name), `  ${indent(text, 2)}`]
}

function present(name: string, value: string | null): Row[] {
  return value === null ? [] : [[name, value]]
}

function indent(text: string, by: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(by)}`)
}

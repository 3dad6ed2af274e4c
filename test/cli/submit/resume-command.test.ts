import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shellCommand } from '../../../src/cli/render/shell-command.ts'
import { resumeCommand } from '../../../src/cli/submit/resume-command.ts'

const session = { commandLine: (...words: string[]) => shellCommand(['longshore', ...words]) }

test('the command that resumes has the same files, and the same wishes for what follows', () => {
  const source = { kind: 'files', paths: ['a b.txt', '-c.txt'] } as const
  const wishes = { wait: true, output: 'my results', overwrite: true, json: true } as const
  assert.equal(
    resumeCommand(session, source, wishes, 'ID'),
    "longshore submit 'a b.txt' ./-c.txt --resume ID --wait --output 'my results' --overwrite --json",
  )
  assert.equal(resumeCommand(session, source, {}, 'ID'), "longshore submit 'a b.txt' ./-c.txt --resume ID")
})

test('of a folder it chooses the same files again, and leaves out what the upload has already', () => {
  const source = { kind: 'folder', folder: 'bins' } as const
  const options = { include: ['**/*.roi', '*.hdr'], exclude: ['x'], params: '{"a":1}', priority: 3 }
  assert.equal(
    resumeCommand(session, source, options, 'ID'),
    "longshore submit --dir bins --include '**/*.roi' --include '*.hdr' --exclude x --resume ID",
  )
})

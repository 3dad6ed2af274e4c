import { JobClient, LongshoreError } from '@longshore/client'

const service = new URLSearchParams(location.search).get('service') ?? `http://${location.hostname}:8000`
const client = new JobClient({ url: service })
const ui = Object.fromEntries([...document.querySelectorAll('[id]')].map((element) => [element.id, element]))
ui.service.textContent = new URL(service).host

ui.form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const stop = new AbortController()
  ui.cancel.onclick = () => stop.abort(new Error('Cancelled'))
  begin()
  try {
    const files = [...ui.files.files]
    const { job, outputs } = await client.process(files, { onProgress: show, signal: stop.signal })
    const { bytes, compressed } = job.result.files.reduce(
      (sum, file) => ({ bytes: sum.bytes + file.bytes, compressed: sum.compressed + file.compressed_bytes }),
      { bytes: 0, compressed: 0 },
    )
    stage('done', count(outputs.length, 'output'), `${size(bytes)} became ${size(compressed)}`)
    ui.outputs.replaceChildren(...outputs.map(row))
  } catch (failure) {
    fail(failure)
  }
  end()
})

/** Shows one step of the way: bytes going up, then the job as it changes. */
function show(progress) {
  if (progress.stage === 'upload') {
    const { sentBytes, totalBytes, sentFiles, totalFiles } = progress
    stage('upload', `${size(sentBytes)} of ${size(totalBytes)}`, `${sentFiles} of ${count(totalFiles, 'file')}`)
    ui.bar.value = (100 * sentBytes) / totalBytes
    return
  }
  const { status, progress: at } = progress.job
  stage('job', status, at?.message ?? '')
  if (status === 'processing' && at?.percent !== undefined) ui.bar.value = at.percent
  else if (status !== 'completed') ui.bar.removeAttribute('value')
  else ui.bar.value = 100
}

/** Marks a stage as the one that is on, and those before it as done. */
function stage(name, detail, message) {
  const items = [...ui.stages.children]
  const now = items.findIndex((item) => item.dataset.stage === name)
  for (const [index, item] of items.entries()) {
    item.className = index < now || name === 'done' ? 'past' : index === now ? 'now' : ''
  }
  items[now].querySelector('span').textContent = detail
  ui.message.textContent = message
}

/** A link to an output. Its URL carries its own permission, and expires. */
function row({ uri, url, size_bytes }) {
  const link = Object.assign(document.createElement('a'), { href: url, textContent: uri.split('/').at(-1) })
  const bytes = Object.assign(document.createElement('span'), { textContent: size(size_bytes) })
  const item = document.createElement('li')
  item.append(link, bytes)
  return item
}

function begin() {
  ui.work.hidden = false
  ui.cancel.hidden = false
  ui.start.disabled = true
  ui.outputs.replaceChildren()
  ui.message.className = ''
  for (const item of ui.stages.children) {
    item.className = ''
    item.querySelector('span').textContent = 'waiting'
  }
}

function end() {
  ui.cancel.hidden = true
  ui.start.disabled = false
}

function fail(failure) {
  const now = ui.stages.querySelector('.now') ?? ui.stages.firstElementChild
  now.className = 'failed'
  now.querySelector('span').textContent = 'ended'
  ui.bar.value = 0
  ui.message.className = 'bad'
  ui.message.textContent = failure.message
  if (!(failure instanceof LongshoreError) && failure.message !== 'Cancelled') throw failure
}

function size(bytes) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}

function count(number, thing) {
  return `${number} ${thing}${number === 1 ? '' : 's'}`
}

const drop = document.querySelector('.drop')
ui.files.addEventListener('change', () => {
  const files = [...ui.files.files]
  const bytes = files.reduce((sum, file) => sum + file.size, 0)
  ui.chosen.textContent =
    files.length === 1 ? `${files[0].name}, ${size(bytes)}` : `${files.length} files, ${size(bytes)}`
})
for (const type of ['dragover', 'dragleave', 'drop']) {
  drop.addEventListener(type, (event) => {
    event.preventDefault()
    drop.classList.toggle('over', type === 'dragover')
    if (type !== 'drop') return
    ui.files.files = event.dataTransfer.files
    ui.files.dispatchEvent(new Event('change'))
  })
}

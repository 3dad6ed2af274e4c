import { Command, InvalidArgumentError, Option } from 'commander'
import type { CliContext } from '../context.ts'
import { kubernetesManifests } from '../generate/kubernetes-manifests.ts'
import { DISPENSABLE, type KubernetesOptions, type KubernetesOrder, orderOf } from '../generate/kubernetes-order.ts'
import { collect, type OutputOptions, wholeNumber, withOutputOptions } from '../options.ts'
import { Output } from '../output.ts'

const MORE = `
The manifests are those of the Helm chart in Longshore's repository (deploy/helm/longshore), which can do more.
Secrets are not made: name those that are there. Unless told otherwise, DATABASE_URL, API_KEYS, SIGNING_SECRET
(for read tokens) and WEBHOOK_SECRET (for webhooks) are keys of a Secret that is called like the service.

Example:
  longshore generate k8s --image registry.example.org/my-service:1.0 --set S3_BUCKET=my-bucket \\
    --secret S3_ACCESS_KEY=minio:access-key --secret S3_SECRET_KEY=minio:secret-key | kubectl apply -f -`

/** `longshore generate`: files for tools that run a service. */
export function generateCommand(context: CliContext): Command {
  return new Command('generate').description('print what tools that run services need').addCommand(k8sCommand(context))
}

function k8sCommand(context: CliContext): Command {
  const repeated = collect((text: string) => text)
  const command = new Command('k8s')
    .description('print manifests for Kubernetes: replicas that take requests, workers, and all around them')
    .requiredOption('--image <image>', 'the image of your service')
    .option('--name <name>', 'name of the service', 'longshore')
    .option('-n, --namespace <namespace>', 'where it goes', 'default')
    .option('--replicas <n>', 'replicas that take requests', wholeNumber(1, 1000), 2)
    .option('--workers <n>', 'replicas that run jobs; with --autoscale at least', wholeNumber(0, 10_000), 2)
    .addOption(
      new Option('--autoscale <by>', 'scale workers: on processor time, or by KEDA on the age of the queue').choices([
        'cpu',
        'keda',
      ]),
    )
    .option('--max-workers <n>', 'workers at most, with --autoscale', wholeNumber(1, 10_000), 20)
    .option('--set <NAME=VALUE>', 'a setting, e.g. S3_BUCKET=my-bucket; may be repeated', repeated)
    .option('--secret <NAME=SECRET:KEY>', 'a secret setting and the key it lies under; may be repeated', repeated)
    .addOption(
      new Option('--without <name>', 'a secret the service is to do without; may be repeated')
        .choices(DISPENSABLE)
        .argParser(collect(dispensable)),
    )
    .option('--ingress <host>', 'let clients in under this name')
    .option('--ingress-class <name>', 'IngressClass of it')
    .option('--tls-secret <name>', 'Secret with the certificate of it')
    .option('--metrics-from <namespace>', 'let its pods read metrics of workers, too; may be repeated', repeated)
    .option('--migration-job', 'bring the schema up to date by a Job (else the first replica that starts does it)')
    .addHelpText('after', MORE)
  return withOutputOptions(command).action((options: KubernetesOptions & OutputOptions) => {
    const order = orderOf(options)
    const documents = kubernetesManifests(order)
    const out = new Output(context.world, options)
    const items = documents.map((document) => document.toJS())
    if (out.json) return out.printJson({ apiVersion: 'v1', kind: 'List', items })
    out.print(
      documents
        .map((document) =>
          String(document)
            .trim()
            .replace(/^---\n/, ''),
        )
        .join('\n---\n'),
    )
    out.tell(secretsNeeded(order))
  })
}

function dispensable(name: string): string {
  if ((DISPENSABLE as readonly string[]).includes(name)) return name
  throw new InvalidArgumentError(`Expected ${DISPENSABLE.join(' or ')}.`)
}

function secretsNeeded({ secrets, namespace }: KubernetesOrder): string {
  const bySecret = Map.groupBy(Object.entries(secrets), ([, { secret }]) => secret)
  const commands = [...bySecret].map(([secret, settings]) => {
    const files = settings.map(([name, { key }]) => ` --from-file=${key}=FILE_WITH_${name}`)
    return `  kubectl --namespace ${namespace} create secret generic ${secret}${files.join('')}`
  })
  return `\nThe secrets it reads, if they are not there yet:\n${commands.join('\n')}`
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { parseAllDocuments } from "yaml";
import { ROOT } from "./docs-samples.ts";

/** Object of Kubernetes, as a file has it. */
export interface Manifest {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly content: object;
}

/** Folder of the manifests. */
export const FOLDER = join(ROOT, "ops/kubernetes");

/** Reads every object of every file but kustomization.yaml. */
export function readManifests(): readonly Manifest[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml");
  return files.flatMap((file) => readObjects(file).map((content) => ({ file, ...content, content })));
}

function readObjects(file: string) {
  return parseAllDocuments(readFileSync(join(FOLDER, file), "utf8")).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join("; ")}`);
    return document.toJS() as Omit<Manifest, "file" | "content">;
  });
}

interface Model {
  readonly validate: () => void;
}

/** Returns what Kubernetes' own schema says against a manifest; undefined where it takes it. */
export async function schemaFault({ apiVersion, kind, content }: Manifest): Promise<string | undefined> {
  const models = (await import(moduleOf(apiVersion, kind))) as Readonly<Record<string, new (data: object) => Model>>;
  const Kind = models[kind];
  if (Kind === undefined) return `${apiVersion} has no ${kind}`;
  try {
    new Kind(content).validate();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Returns the names and values that Kubernetes' types do not know. The schemas pass unknown names over, as does a cluster: a
 * misspelt setting would not count and nobody would hear of it.
 */
export function typeFaults(
  manifests: ReadonlyArray<Pick<Manifest, "apiVersion" | "kind" | "content">>,
): readonly string[] {
  const source = manifests.map(({ apiVersion, kind, content }, index) => {
    const type = `import("${moduleOf(apiVersion, kind)}").I${kind}`;
    return `export const manifest${index}: ${type} = ${JSON.stringify(content, undefined, 1)};`;
  });
  const file = join(ROOT, "test/ops/manifests.generated.ts");
  const options = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? source.join("\n") : readFile(name));
  host.getSourceFile = (name, languageVersion) =>
    name === file
      ? ts.createSourceFile(name, source.join("\n"), languageVersion)
      : getSourceFile(name, languageVersion);
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

function moduleOf(apiVersion: string, kind: string): string {
  return `kubernetes-models/${apiVersion}/${kind}`;
}

/** What a registry offers beyond the specification. */
export interface Extension {
  /** Its name, which begins with `_`: `_oci`. */
  readonly name: string;
  /** What it is for. */
  readonly description?: string;
  /** Where it is documented. */
  readonly url?: string;
  /** Its endpoints, as they stand behind `/v2/` or a repository's name: `_oci/ext/discover`. Empty where the registry names none. */
  readonly endpoints: readonly string[];
}

/** The extensions of a list as it came; one without a name is none. */
export function extensionsOf(list: unknown[] = []): Extension[] {
  const isText = (value: unknown) => typeof value === "string";
  return (list as (Extension | null)[]).flatMap((item) => {
    if (!isText(item?.name)) return [];
    const { name, description, url, endpoints } = item as Extension;
    return {
      name,
      ...(isText(description) && { description }),
      ...(isText(url) && { url }),
      endpoints: Array.isArray(endpoints) ? endpoints.filter(isText) : [],
    } as Extension;
  });
}

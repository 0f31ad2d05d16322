/** Compiles a module that stands in the code as base64 (RFC 4648, section 4). */
export function compileInline(base64: string): WebAssembly.Module {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return new WebAssembly.Module(bytes);
}

declare module "*/trapping.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

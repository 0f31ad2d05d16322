import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          include: ["tests/js/**/*.test.ts", "tests/runtimes/node.test.ts", "tests/traps/node.test.ts"],
        },
      },
      {
        test: {
          name: "workerd",
          include: ["tests/workerd/**/*.test.ts", "tests/runtimes/workerd.test.ts", "tests/traps/workerd.test.ts"],
        },
      },
    ],
  },
});

/** Makes screenshots smaller, pixel for pixel the same (W3C, Portable Network Graphics, third edition). */
import { crc32, deflateSync, inflateSync } from "node:zlib";

const SIGNATURE_LENGTH = 8;
/** Bytes per pixel: Chromium writes 8 bits for each of red, green and blue. */
const PIXEL = 3;

/**
 * The same image with its lines unfiltered, and compressed as far as deflate goes. Filters help photos; flat areas and letters
 * that repeat are found by deflate itself, if nothing blurs them.
 *
 * @param {Buffer} png As Chromium makes it: RGB, 8 bits, not interlaced.
 * @returns {Buffer}
 */
export function withoutFilters(png) {
  const chunks = readChunks(png);
  const header = chunks.find(({ type }) => type === "IHDR").data;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const [depth, colours, , , interlaced] = header.subarray(8);
  if (depth !== 8 || colours !== 2 || interlaced !== 0) throw new Error("not an RGB image of 8 bits");
  const data = Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map((chunk) => chunk.data));
  const lines = unfilter(inflateSync(data), width * PIXEL, height);
  return Buffer.concat([
    png.subarray(0, SIGNATURE_LENGTH),
    writeChunk("IHDR", header),
    writeChunk("IDAT", deflateSync(lines, { level: 9, memLevel: 9 })),
    writeChunk("IEND", Buffer.alloc(0)),
  ]);
}

function readChunks(png) {
  const chunks = [];
  for (let at = SIGNATURE_LENGTH; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

function writeChunk(type, data) {
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, "latin1");
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), data.length + 8);
  return chunk;
}

/** Section 9.2: each line says first how its bytes were predicted from their neighbours. */
function unfilter(filtered, width, height) {
  const lines = Buffer.alloc((width + 1) * height);
  const at = (line, column) => (line < 0 || column < 0 ? 0 : lines[line * (width + 1) + 1 + column]);
  for (let line = 0; line < height; line += 1) {
    const start = line * (width + 1);
    const predict = PREDICTORS[filtered[start]];
    for (let column = 0; column < width; column += 1) {
      const [left, up] = [at(line, column - PIXEL), at(line - 1, column)];
      const predicted = predict(left, up, at(line - 1, column - PIXEL));
      lines[start + 1 + column] = filtered[start + 1 + column] + predicted;
    }
  }
  return lines;
}

const PREDICTORS = [() => 0, (left) => left, (_, up) => up, (left, up) => (left + up) >> 1, paeth];

function paeth(left, up, corner) {
  const estimate = left + up - corner;
  const [toLeft, toUp, toCorner] = [left, up, corner].map((value) => Math.abs(estimate - value));
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

import { createServer } from 'node:http';

/** Stands for Cloud Logging in the bench: takes everything. `node bench/log-sink.ts <port>` */
const answer = Buffer.from('{}');
createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
  });
}).listen(Number(process.argv[2]), '127.0.0.1');

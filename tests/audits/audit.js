// Asks a server whatever GraphQL over HTTP says of servers; prints a JSON line for each audit.
import { serverAudits } from "graphql-http";

for (const audit of serverAudits({ url: process.argv[2] })) {
  const { id, name, status, reason = "" } = await audit.fn();
  console.log(JSON.stringify({ id, name, status, reason }));
}

/** The truth in Postgres. Both users need the schema that `triptych db migrate` makes. */
export interface PostgresConfig {
  /** A user of the role `triptych_app`: sees one tenant at a time. */
  readonly url: string;
  /** A user of the role `triptych_worker`: what runs in the background, for all tenants. */
  readonly workerUrl: string;
  /** PEM of the authorities to trust; null: those of the system. Given, the server's name is verified as well. */
  readonly ca: string | null;
}

/** Who may change the schema of the database: for `triptych db migrate` alone. */
export interface PostgresOwnerConfig {
  /** A user of the role `triptych_owner`, or one who may make the roles. */
  readonly url: string;
  readonly ca: string | null;
}

/** Vectors in Milvus. */
export interface MilvusConfig {
  /** `host:port` */
  readonly address: string;
  readonly database: string | null;
  readonly credentials:
    | { readonly kind: 'none' }
    | { readonly kind: 'password'; readonly user: string; readonly password: string }
    | { readonly kind: 'token'; readonly token: string };
  readonly tls: boolean;
  readonly ca: string | null;
  /** `gpu_cagra_cpu`: built on the GPU, searched on processors. */
  readonly index: 'hnsw' | 'gpu_cagra' | 'gpu_cagra_cpu';
  /** A single-valued keyword field or facet by whose values documents are kept in collections of their own; null: one collection. */
  readonly shardBy: string | null;
}

/** The graph in Neo4j. */
export interface Neo4jConfig {
  /** `bolt:`, `neo4j:`, `bolt+s:` or `neo4j+s:` */
  readonly uri: string;
  readonly user: string;
  readonly password: string;
  readonly database: string | null;
  readonly ca: string | null;
}

/** Caches shared by the processes of a service, in Redis. */
export interface RedisConfig {
  /** `redis:` or `rediss:`, without a password. */
  readonly url: string;
  readonly password: string | null;
  readonly ca: string | null;
}

/** The stores outside the process; null where the embedded one serves. */
export interface StoresConfig {
  readonly postgres: PostgresConfig | null;
  readonly postgresOwner: PostgresOwnerConfig | null;
  readonly milvus: MilvusConfig | null;
  readonly neo4j: Neo4jConfig | null;
  readonly redis: RedisConfig | null;
}

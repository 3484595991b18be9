extension Migration {
  /// What services are called, beside what agents told of their containers: a cluster may say later what a pod belongs to.
  ///
  /// A placement's own columns and details stay as they were told; `called` is found from them and `workload`, and moves
  /// when a cluster tells something new. What was recorded before this step is called by the same rule.
  static let services = Migration(
    sql: """
      CREATE TABLE service (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        namespace TEXT NOT NULL,
        UNIQUE (name, namespace)
      ) STRICT;
      -- Names that agents told, where they are not what the service is called.
      CREATE TABLE service_told (
        name TEXT NOT NULL,
        service INTEGER NOT NULL REFERENCES service (id),
        PRIMARY KEY (name, service)
      ) STRICT, WITHOUT ROWID;

      ALTER TABLE placement ADD COLUMN pod TEXT;
      ALTER TABLE placement ADD COLUMN called INTEGER REFERENCES service (id);

      CREATE TEMP VIEW named AS
        WITH
          -- Damage that nobody met so far must not keep the catalog from being opened.
          readable AS (
            SELECT id, service AS told,
              CASE WHEN json_valid(details) THEN details ELSE '{}' END AS details
            FROM main.placement),
          part AS (
            SELECT id, told, nullif(json_extract(details, '$.podUID'), '') AS pod,
              ifnull(json_extract(details, '$.namespace'), '') AS namespace,
              json_extract(details, '$.labels."pod-template-hash"') AS hash
            FROM readable),
          owned AS (
            SELECT part.*, substr(owner, 1, instr(owner, '/') - 1) AS kind,
              substr(owner, instr(owner, '/') + 1) AS name
            FROM part LEFT JOIN (
                SELECT pod, json_extract(details, '$.owner') AS owner FROM main.workload
                WHERE json_valid(details)) AS workload
              ON workload.pod = part.pod AND instr(owner, '/') > 0),
          stripped AS (
            SELECT id, told, pod, namespace, kind,
              CASE WHEN kind = 'ReplicaSet' AND substr(name, -length(hash) - 1) = '-' || hash
                THEN substr(name, 1, length(name) - length(hash) - 1) ELSE name END AS name
            FROM owned)
        SELECT id, told, pod, namespace,
          CASE WHEN kind <> 'Node' AND length(name) <= 253 AND name NOT GLOB '*[^a-z0-9.-]*'
              AND name GLOB '[a-z0-9]*' AND name GLOB '*[a-z0-9]'
            THEN name ELSE told END AS name
        FROM stripped;
      INSERT INTO service (name, namespace) SELECT DISTINCT name, namespace FROM named;
      UPDATE placement SET pod = named.pod, called = service.id
        FROM named CROSS JOIN service
        WHERE named.id = placement.id
          AND service.name = named.name AND service.namespace = named.namespace;
      DROP VIEW temp.named;
      INSERT INTO service_told (name, service)
        SELECT DISTINCT placement.service, placement.called FROM placement
        JOIN service ON service.id = placement.called WHERE service.name <> placement.service;

      DROP INDEX placement_running_of_service;
      DROP INDEX placement_of_service;
      DROP INDEX placement_of_service_by_span;
      CREATE INDEX placement_of_pod ON placement (pod) WHERE pod IS NOT NULL;
      CREATE INDEX placement_running_of_service ON placement (called) WHERE ended IS NULL;
      CREATE INDEX placement_of_service ON placement (called, began);
      CREATE INDEX placement_of_service_by_span ON placement (called, span, began, ended)
        WHERE ended IS NOT NULL;
      """)
}

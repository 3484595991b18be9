internal import Model
package import OperatorWire

package func operatorTable(_ operators: [OperatorBody]) -> String {
  let table = TextTable(
    ["OPERATOR", "IDENTITY", "ISSUED", "EXPIRES", "REVOKED"],
    rows: operators.map {
      [
        $0.name.text, $0.state.rawValue, $0.issuedAt?.toSecond ?? "-",
        $0.expiresAt?.toSecond ?? "-",
        $0.revokedAt?.toSecond ?? "-",
      ]
    })
  return table.text(empty: "no operator is known yet")
}

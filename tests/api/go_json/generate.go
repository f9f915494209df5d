// Writes expected.txt: what Go's own encoding/json makes of each line of cases.txt, decoded into
// the struct below as a server would. Run it when cases change:
//
//	go run generate.go < cases.txt > expected.txt
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type deep struct {
	B bool `json:"b"`
}

type point struct {
	N  int    `json:"n"`
	S  string `json:"s"`
	P2 deep   `json:"p2"`
}

type request struct {
	S  string         `json:"s"`
	N  int            `json:"n"`
	F  float64        `json:"f"`
	B  *bool          `json:"b"`
	L  []string       `json:"l"`
	M  map[string]any `json:"m"`
	P  point          `json:"p"`
	Ps []point        `json:"ps"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var out request
		err := json.NewDecoder(strings.NewReader(lines.Text())).Decode(&out)
		if err != nil {
			fmt.Println("error " + err.Error())
			continue
		}
		b := "unset"
		if out.B != nil {
			b = fmt.Sprint(*out.B)
		}
		m, _ := json.Marshal(out.M)
		s, _ := json.Marshal(out.S)
		l, _ := json.Marshal(out.L)
		fmt.Printf("s=%s n=%d f=%v b=%s l=%s m=%s p.n=%d ps=%d\n", s, out.N, out.F, b, l, m, out.P.N, len(out.Ps))
	}
}

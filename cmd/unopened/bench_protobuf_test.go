package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/unopened/unopened/ingest"
)

// benchDecodeProtobuf compares the decoding of a raw record in Protobuf with the official runtime on code that its own
// generator made in its fastest form (the opaque API: presence in bits, not in pointers). The runtime checks less: not
// that fields are there once, nor how they are written, nor any value.
func benchDecodeProtobuf(t *testing.T) []measured {
	records := simulated(100_000, 600)
	text, decoder := ingest.Decoder{}, ingest.Decoder{Encoding: ingest.Protobuf}
	var ev ingest.Event
	before, after := 0, 0
	for i, line := range records {
		if refusal := text.Decode(&ev, line); refusal != ingest.Accepted {
			t.Fatal(refusal)
		}
		records[i] = ingest.AppendProtobuf(nil, &ev)
		before, after = before+len(line), after+len(records[i])
	}
	ours := func() {
		for _, record := range records {
			if refusal := decoder.Decode(&ev, record); refusal != ingest.Accepted {
				t.Fatal(refusal)
			}
		}
	}
	var official RawRecord
	allocs := testing.AllocsPerRun(1, ours) / float64(len(records))
	took := beside(15, ours, func() {
		for _, record := range records {
			if err := proto.Unmarshal(record, &official); err != nil || len(official.ProtoReflect().GetUnknown()) > 0 {
				t.Fatal("unknown fields or", err)
			}
		}
	})
	us, theirs := took[0].per(len(records)), took[1].per(len(records))
	size := float64(len(records))
	return []measured{
		plain("decode Protobuf", us, "ns", fmt.Sprintf("a raw record of %.0f bytes (%.0f in JSON), strict", float64(after)/size, float64(before)/size)),
		atLeast(4, "decode Protobuf / official runtime", took[1].over(took[0]), "x", fmt.Sprintf("%.0f ns there, generated code", theirs)),
		atMost(0, "decode Protobuf, allocations", allocs, "an event", ""),
	}
}

// benchContract is the contract with its enums as the numbers that they are on the wire: of an enum the generator makes
// a thousand lines that nothing here uses.
func benchContract(t *testing.T) *descriptorpb.FileDescriptorProto {
	t.Helper()
	text, _, _ := strings.Cut(ingest.Proto(), "\n}\n")
	for _, f := range ingest.Schema() {
		if f.Enum != "" {
			text = strings.Replace(text, " "+f.Enum+" "+f.Name+" = ", " int32 "+f.Name+" = ", 1)
		}
	}
	text = regexp.MustCompile(`(?m)^ *//.*\n`).ReplaceAllString(text, "") + "\n}\n"
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(map[string]string{"contract.proto": text}),
	}}
	files, err := compiler.Compile(t.Context(), "contract.proto")
	if err != nil {
		t.Fatal(err)
	}
	return protodesc.ToFileDescriptorProto(files[0])
}

// TestOfficialCode holds contract.pb_test.go, on which the official runtime is measured, to the contract. -update makes
// it again, by the official generator out of the module of the runtime.
func TestOfficialCode(t *testing.T) {
	contract := benchContract(t)
	if *update {
		request, err := proto.Marshal(&pluginpb.CodeGeneratorRequest{
			FileToGenerate: []string{"contract.proto"}, ProtoFile: []*descriptorpb.FileDescriptorProto{contract},
			Parameter: proto.String("default_api_level=API_OPAQUE,Mcontract.proto=./;main"),
		})
		if err != nil {
			t.Fatal(err)
		}
		generator := exec.Command("go", "run", "google.golang.org/protobuf/cmd/protoc-gen-go")
		generator.Stdin, generator.Stderr = bytes.NewReader(request), os.Stderr
		out, err := generator.Output()
		if err != nil {
			t.Fatal(err)
		}
		var made pluginpb.CodeGeneratorResponse
		if err := proto.Unmarshal(out, &made); err != nil || len(made.GetFile()) != 1 {
			t.Fatalf("%v, %s", err, made.GetError())
		}
		if err := os.WriteFile("contract.pb_test.go", []byte(made.GetFile()[0].GetContent()), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Skip("contract.pb_test.go is new: run the test again")
	}
	if got := protodesc.ToFileDescriptorProto(File_contract_proto); !proto.Equal(got, contract) {
		t.Errorf("the generated code is of another contract; go test ./cmd/unopened -run OfficialCode -update\n got %v\nwant %v", got, contract)
	}
}

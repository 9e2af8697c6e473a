package ingest

// countryCodes are the officially assigned codes of ISO 3166-1 alpha-2, in a row. Codes that are only reserved, and
// those left to users (XK, ZZ, …), are refused: they would be a place for something else than a country.
const countryCodes = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ" +
	"CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGY" +
	"HKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQ" +
	"MRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI" +
	"SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW"

// countries has a bit for each code: row is the first letter, bit the second.
var countries = countrySet(countryCodes)

func countrySet(codes string) (set [26]uint32) {
	for i := 0; i < len(codes); i += 2 {
		set[codes[i]-'A'] |= 1 << (codes[i+1] - 'A')
	}
	return set
}

// isCountry tells whether the two bytes are an assigned code.
func isCountry(a, b byte) bool {
	a, b = a-'A', b-'A'
	return a < 26 && b < 26 && countries[a]>>b&1 == 1
}

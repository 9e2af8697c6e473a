package features

// sources are the papers and published practices that Defs name, by their short names.
var sources = map[string]string{
	"CallRank 2007":         "Balasubramaniyan, Ahamad, Park: CallRank: combating SPIT using call duration, social networks and global reputation. CEAS 2007",
	"Goh and Barabási 2008": "Goh, Barabási: Burstiness and memory in complex systems. EPL 81, 2008",
	"Chu 2010":              "Chu, Gianvecchio, Wang, Jajodia: Who is tweeting on Twitter: human, bot, or cyborg? ACSAC 2010",
	"Stringhini 2010":       "Stringhini, Kruegel, Vigna: Detecting spammers on social networks. ACSAC 2010",
	"Yang 2011":             "Yang, Wilson, Wang, Gao, Zhao, Dai: Uncovering social network sybils in the wild. IMC 2011",
	"CopyCatch 2013":        "Beutel, Xu, Guruswami, Palow, Faloutsos: CopyCatch: stopping group attacks by spotting lockstep behavior in social networks. WWW 2013",
	"COMPA 2013":            "Egele, Stringhini, Kruegel, Vigna: COMPA: detecting compromised accounts on social networks. NDSS 2013",
	"SynchroTrap 2014":      "Cao, Yang, Yu, Palow: Uncovering large groups of active malicious accounts in online social networks. CCS 2014",
	"Thomas 2014":           "Thomas, Li, Grier, Paxson: Consequences of connectivity: characterizing account hijacking on Twitter. CCS 2014",
	"Signal 2016":           "Signal: Safety number updates. November 2016",
	"Freeman 2017":          "Freeman: Can you spot the fakes? On the limitations of user feedback in online social networks. WWW 2017",
	"Hine 2017":             "Hine and others: Kek, cucks, and God Emperor Trump: a measurement study of 4chan's politically incorrect forum and its effects on the web. ICWSM 2017",
	"Winters 2017":          "Winters, Kaylor, Jeglic: Sexual offenders contacting children online: an examination of transcripts of sexual grooming. Journal of Sexual Aggression 23, 2017",
	"Garimella 2018":        "Garimella, Tyson: WhatsApp, doc? A first look at WhatsApp public group data. ICWSM 2018",
	"Milka 2018":            "Milka: Anatomy of account takeover. USENIX Enigma 2018",
	"REV2 2018":             "Kumar, Hooi, Makhija, Kumar, Faloutsos, Subrahmanian: REV2: fraudulent user prediction in rating platforms. WSDM 2018",
	"Ianus 2019":            "Yuan and others: Detecting fake accounts in online social networks at the time of registrations. CCS 2019",
	"Mariconti 2019":        "Mariconti and others: \"You know what to do\": proactive detection of YouTube videos targeted by coordinated hate attacks. CSCW 2019",
	"Melo 2019":             "De Freitas Melo, Coimbra Vieira, Garimella, Vaz de Melo, Benevenuto: Can WhatsApp counter misinformation by limiting message forwarding? Complex Networks 2019",
	"WhatsApp 2019":         "WhatsApp: Stopping abuse: how WhatsApp fights bulk messaging and automated behavior. February 2019",
	"MIDAS 2020":            "Bhatia, Hooi, Yoon, Shin, Faloutsos: MIDAS: microcluster-based detector of anomalies in edge streams. AAAI 2020",
	"Suarez-Tangil 2020":    "Suarez-Tangil, Edwards, Peersman, Stringhini, Rashid, Whitty: Automatically dismantling online dating fraud. IEEE TIFS 15, 2020",
	"SybilEdge 2020":        "Breuer, Eilat, Weinsberg: Friend or faux: graph-based early detection of fake accounts on social networks. WWW 2020",
	"Instagram 2021":        "Instagram: Continuing to make Instagram safer for the youngest members of our community. March 2021",
	"Thorn 2024":            "Thorn, NCMEC: Trends in financial sextortion: an investigation of sextortion reports in NCMEC CyberTipline data. 2024",
}

// leftOut are signals that carry weight elsewhere and that the Catalogue does not have, each with the reason.
var leftOut = []string{
	"How far a first contact is to be expected (expected contact). What it rests on is here: neighbours in common, the recipient's contacts and age. Its weights must be learnt from the messenger's own pairs: it belongs to the models that are trained.",
	"The share of confirmed abusers among an account's peers, and SybilEdge's ratio of targets and answers. They need the labels of others that come after the contact, and a contact keeps too little of its peer to tell all of them. What is known at the first contact is in `targets_labelled_7d`; the rest needs the whole graph, and comes back from a job over it.",
	"The variance of gaps. `gap_burstiness` is a function of it and of their mean, and says it without a unit.",
	"Escalation to other places: that a dialogue moves to another messenger does not show in metadata. `dropped_dyads_30d` sees that it stopped.",
	"The size of one dialogue, apart from the account: a contact is kept in 32 bytes. `top_dyad_share_7d` and `turns_a_first_contact_7d` tell of the deepest and of the mean one.",
}
